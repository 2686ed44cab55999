package otel

import (
	"encoding/binary"
	"slices"
	"sync"
	"time"
)

// instrumentKind is what an instrument does with what it is told.
type instrumentKind uint8

const (
	histogram instrumentKind = iota
	// counter only grows; upDown is how many there are now.
	counter
	upDown
)

// instrument is a metric.
type instrument struct {
	name, description, unit string
	kind                    instrumentKind
	bounds                  []float64

	mu     sync.Mutex
	points map[string]*point
}

// point is a series of an instrument: what it has come to with some attributes.
type point struct {
	attributes []attribute
	start      time.Time
	count      uint64
	sum        float64
	// buckets are the counts of a histogram, one more than it has bounds.
	buckets  []uint64
	min, max float64
}

// maxPoints bounds the series of an instrument. What comes with further attributes is
// counted together.
const maxPoints = 1000

// overflow is the attribute of that.
var overflow = []attribute{boolean("otel.metric.overflow", true)}

// record adds a value to the series with some attributes.
func (i *instrument) record(value float64, attributes ...attribute) {
	var room [256]byte
	key := appendKey(room[:0], attributes)
	i.mu.Lock()
	defer i.mu.Unlock()
	p := i.points[string(key)]
	if p == nil {
		p = i.newPoint(key, attributes)
	}
	p.add(i, value)
}

// newPoint adds a series. The caller holds mu.
func (i *instrument) newPoint(key []byte, attributes []attribute) *point {
	if i.points == nil {
		i.points = make(map[string]*point)
	}
	if len(i.points) >= maxPoints {
		attributes, key = overflow, appendKey(nil, overflow)
		if p := i.points[string(key)]; p != nil {
			return p
		}
	}
	p := &point{attributes: slices.Clone(attributes), start: time.Now()}
	for n := range p.attributes {
		p.attributes[n].text = cut(p.attributes[n].text, 2*maxWord)
	}
	if i.kind == histogram {
		p.buckets = make([]uint64, len(i.bounds)+1)
	}
	i.points[string(key)] = p
	return p
}

func appendKey(key []byte, attributes []attribute) []byte {
	for n := range attributes {
		a := &attributes[n]
		key = binary.AppendUvarint(key, uint64(len(a.key)))
		key = append(key, a.key...)
		key = binary.AppendUvarint(key, uint64(len(a.text)))
		key = append(key, a.text...)
		key = binary.AppendVarint(key, a.number)
	}
	return key
}

func (p *point) add(i *instrument, value float64) {
	if p.buckets != nil {
		at, _ := slices.BinarySearch(i.bounds, value) // the bounds belong to the buckets below
		p.buckets[at]++
	}
	if p.count == 0 || value < p.min {
		p.min = value
	}
	if p.count == 0 || value > p.max {
		p.max = value
	}
	p.count++
	p.sum += value
}

// join adds what another point, of the same series, has come to before.
func (p *point) join(earlier *point) {
	for n := range p.buckets {
		p.buckets[n] += earlier.buckets[n]
	}
	if earlier.count > 0 {
		p.min, p.max = min(p.min, earlier.min), max(p.max, earlier.max)
	}
	p.count += earlier.count
	p.sum += earlier.sum
	p.start = earlier.start
}

// copied returns the points as they are, in no order.
func (i *instrument) copied() []*point {
	i.mu.Lock()
	defer i.mu.Unlock()
	points := make([]*point, 0, len(i.points))
	for _, p := range i.points {
		c := *p
		c.buckets = slices.Clone(p.buckets)
		points = append(points, &c)
	}
	return points
}

// take takes the points away, for who exports differences. Of what there is now it takes
// nothing.
func (i *instrument) take() map[string]*point {
	if i.kind == upDown {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	points := i.points
	i.points = nil
	return points
}

// putBack undoes a take whose points could not be exported.
func (i *instrument) putBack(points map[string]*point) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.points == nil {
		i.points = points
		return
	}
	for key, earlier := range points {
		if p := i.points[key]; p != nil {
			p.join(earlier)
		} else if len(i.points) <= maxPoints {
			i.points[key] = earlier
		}
	}
}
