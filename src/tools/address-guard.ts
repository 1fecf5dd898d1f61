import { lookup as resolve } from 'node:dns'
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

const IPV6_NETWORKS = [
  ['::', 96], // unspecified, loopback, IPv4-compatible
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 32], // Teredo: holds an IPv4 address that is not looked at
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4: likewise
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const

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
  return family !== 0 && !refused.check(bare, family === 4 ? 'ipv4' : 'ipv6')
}

/** `allowHosts` are exempt, by the name or address that stands in the URL. */
export function createAddressGuard(allowHosts: readonly string[]): AddressGuard {
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
