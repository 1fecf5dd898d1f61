import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** The `code` of the error with which a connection to a refused address fails. */
export const ADDRESS_REFUSED = 'ADDRESS_REFUSED'

/** Which hosts a webhook may reach. */
export interface AddressGuard {
  /** Refuses plain http and literal addresses; names are judged once they are resolved. */
  permits(url: URL): boolean
  /** For `connect.lookup`: fails when any address of the name is refused, so that rebinding is no way in. */
  readonly lookup: LookupFunction
}

const IPV4_NETWORKS = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // shared by carriers (CGNAT)
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const

/** All that is in use on the internet. The rest (local, multicast, not given out) is refused. */
const GLOBAL_IPV6_NETWORKS = [
  ['2000::', 3],
  ['64:ff9b::', 96], // NAT64
  ['::ffff:0:0', 96], // IPv4-mapped
] as const

const IPV6_NETWORKS = [
  ['2001::', 23], // Teredo, which holds an IPv4 address that is not looked at, and other protocols
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4: holds one likewise
  ['3fff::', 20],
] as const

const assigned = new BlockList()
assigned.addSubnet('0.0.0.0', 0, 'ipv4')
for (const [network, bits] of GLOBAL_IPV6_NETWORKS) assigned.addSubnet(network, bits, 'ipv6')

const refused = new BlockList()
for (const [network, bits] of IPV4_NETWORKS) {
  refused.addSubnet(network, bits, 'ipv4')
  // NAT64 writes public IPv4 addresses so, and would reach the private ones just as well.
  refused.addSubnet(`64:ff9b::${network}`, 96 + bits, 'ipv6')
  refused.addSubnet(`::ffff:${network}`, 96 + bits, 'ipv6')
}
for (const [network, bits] of IPV6_NETWORKS) refused.addSubnet(network, bits, 'ipv6')

/** True for addresses of the open internet: not loopback, private, link-local, multicast or reserved. */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/%.*$/, '')
  const family = isIP(bare)
  if (family === 0) return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  return assigned.check(bare, type) && !refused.check(bare, type)
}

/** All addresses of a name, as `dns.lookup` gives them. */
type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** `allowHosts` are exempt, by the name or address that stands in the URL. */
export function createAddressGuard(
  allowHosts: readonly string[],
  resolve: Resolve = lookup,
): AddressGuard {
  const allowed = new Set(allowHosts.map(toHost))
  return {
    permits(url) {
      const host = toHost(url.hostname)
      if (allowed.has(host)) return true
      return url.protocol === 'https:' && (isIP(host) === 0 || isPublicAddress(host))
    },
    lookup(hostname, options, callback) {
      resolve(hostname, { ...options, all: true }, (error, addresses) => {
        if (error) {
          callback(error, '')
          return
        }
        const exempt = allowed.has(toHost(hostname))
        if (!exempt && !addresses.every(({ address }) => isPublicAddress(address))) {
          callback(Object.assign(new Error('Address refused'), { code: ADDRESS_REFUSED }), '')
          return
        }
        const [first] = addresses
        if (options.all) callback(null, addresses)
        else callback(null, first?.address ?? '', first?.family)
      })
    },
  }
}

function toHost(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$|\.$/g, '')
}
