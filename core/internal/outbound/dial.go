package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// ErrAddress means that a name was resolved to an address at which platforms answer
// their own machines, with credentials for instance.
var ErrAddress = errors.New("address not allowed")

// NewTransport returns a transport for the servers at some addresses. It connects to
// no link-local address, and to none at which a cloud keeps the metadata of its
// machines, unless one of the URLs names it as a literal: whoever controls a name could
// have it resolved to one, now or later. It asks a connection that is silent whether it is
// alive. Through a proxy of the environment the proxy's address alone is looked at.
// The caller closes its idle connections in the end.
func NewTransport(addresses ...*url.URL) *http.Transport {
	var named []netip.Addr
	for _, address := range addresses {
		if literal, err := netip.ParseAddr(address.Hostname()); err == nil {
			named = append(named, plain(literal))
		}
	}
	dialer := &net.Dialer{
		Timeout: 30 * time.Second, KeepAlive: 30 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error { return checkAddress(address, named) },
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = dialer.DialContext
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second}
	return transport
}

// checkAddress refuses what a connection must not be made to: an address with a port,
// after names were resolved.
func checkAddress(address string, named []netip.Addr) error {
	resolved, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: not an IP address", ErrAddress)
	}
	ip := plain(resolved.Addr())
	if reserved(ip) && !slices.Contains(named, ip) {
		return ErrAddress // which one is nobody's business
	}
	return nil
}

// translated is where networks without IPv4 reach it (RFC 6052).
var translated = netip.MustParsePrefix("64:ff9b::/96")

// plain returns an address without its zone, and one of IPv4 as that, in whichever form
// of IPv6 it came.
func plain(ip netip.Addr) netip.Addr {
	ip = ip.WithZone("").Unmap()
	if translated.Contains(ip) {
		bytes := ip.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return ip
}

// metadata are the addresses beyond the link-local ones at which clouds answer their
// machines: Amazon's and Google's by IPv6, Azure's, Oracle's and Alibaba's.
var metadata = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"),
	netip.MustParseAddr("fd00:ec2::23"),
	netip.MustParseAddr("fd20:ce::254"),
	netip.MustParseAddr("168.63.129.16"),
	netip.MustParseAddr("192.0.0.192"),
	netip.MustParseAddr("100.100.100.200"),
}

func reserved(ip netip.Addr) bool {
	return ip.IsLinkLocalUnicast() || ip.IsMulticast() || slices.Contains(metadata, ip)
}
