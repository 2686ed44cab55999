package transport

// maxCount is more than any answer has. Sums of counts up to it are in range.
const maxCount = 1 << 50

// Count returns a number of tokens that a provider has counted, nil if it can't be one.
func Count(n *int64) *int64 {
	if n == nil || *n < 0 || *n > maxCount {
		return nil
	}
	return n
}
