package hub

import (
	"net/netip"
	"strings"
)

// reach says from where an address can be reached. More is further inside.
type reach int32

const (
	public  reach = iota
	private       // from this machine or its network
	machine       // belongs to the machine: its link, or a service that knows its secrets
)

func (r reach) String() string {
	switch r {
	case private:
		return "a private address"
	case machine:
		return "an address of the link or of the metadata of a machine"
	}
	return "a public address"
}

// privatePrefixes are the addresses of networks, besides those that package netip
// knows as private: shared by carriers (RFC 6598) and reserved for protocols (RFC 6890).
var privatePrefixes = [...]netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("fec0::/10")}

// machinePrefixes are this host and reserved addresses, and where clouds that do not
// use the link keep metadata: Alibaba, Azure, Oracle, AWS over IPv6.
var machinePrefixes = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("100.100.100.200/32"), netip.MustParsePrefix("168.63.129.16/32"),
	netip.MustParsePrefix("192.0.0.192/32"), netip.MustParsePrefix("fd00:ec2::254/128"),
}

// nat64 holds IPv4 addresses in its last four bytes (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

func reachOf(at netip.AddrPort) reach {
	a := at.Addr().Unmap().WithZone("")
	if nat64.Contains(a) {
		bytes := a.As16()
		a = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	for _, p := range machinePrefixes {
		if p.Contains(a) {
			return machine
		}
	}
	switch {
	case !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast():
		return machine
	case a.IsLoopback() || a.IsPrivate():
		return private
	}
	for _, p := range privatePrefixes {
		if p.Contains(a) {
			return private
		}
	}
	return public
}

// reachOfName is for hosts that are not resolved here but by a proxy. A number that is
// no address to us, such as 0x7f.1, is one to others.
func reachOfName(host string) reach {
	last := host[strings.LastIndexByte(host, '.')+1:]
	switch {
	case host == "localhost" || last == "localhost":
		return private
	case host == "metadata.google.internal", last == "", '0' <= last[0] && last[0] <= '9':
		return machine
	}
	return public
}
