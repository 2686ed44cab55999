package outbound

import (
	"net/netip"
	"testing"
)

// The connection itself would leave this machine.
func TestTheConfiguredAddressIsConnectedToInEachForm(t *testing.T) {
	t.Parallel()
	named := []netip.Addr{netip.MustParseAddr("169.254.1.1")}
	for _, address := range []string{"169.254.1.1:80", "[::ffff:169.254.1.1]:80", "127.0.0.1:80", "10.0.0.1:80", "[fd12::1]:443", "8.8.8.8:443"} {
		if err := checkAddress(address, named); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}
