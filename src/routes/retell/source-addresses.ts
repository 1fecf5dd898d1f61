import { BlockList, isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

interface SourceOptions {
  /** Addresses and ranges (`100.20.5.0/24`); empty: any. */
  readonly allow_addresses: readonly string[]
  /** Proxies in front of the server, each of which adds its peer to `x-forwarded-for`. */
  readonly trust_proxy_hops: number
}

/** Tells whether a request comes from where the platform connects from. */
export function createSourceCheck({
  allow_addresses: allowed,
  trust_proxy_hops: hops,
}: SourceOptions): (request: FastifyRequest) => boolean {
  if (allowed.length === 0) return () => true
  const list = new BlockList()
  for (const text of allowed) {
    const { address, family, prefix } = parseRange(text)
    list.addSubnet(address, prefix, family)
  }
  return (request) => {
    const address = sourceOf(request, hops)
    return isIP(address) !== 0 && list.check(address, familyOf(address))
  }
}

/** Whether a text names an address or a range of addresses. */
export function isAddressOrRange(text: string): boolean {
  const { address, prefix, maxPrefix } = parseRange(text)
  return isIP(address) !== 0 && Number.isInteger(prefix) && prefix >= 0 && prefix <= maxPrefix
}

function parseRange(text: string) {
  const slash = text.indexOf('/')
  const address = slash === -1 ? text : text.slice(0, slash)
  const family = familyOf(address)
  const maxPrefix = family === 'ipv6' ? 128 : 32
  const digits = slash === -1 ? String(maxPrefix) : text.slice(slash + 1)
  const prefix = /^\d{1,3}$/.test(digits) ? Number(digits) : Number.NaN
  return { address, family, prefix, maxPrefix } as const
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

/** What stands further left in the header was written by others, and anybody can write it. */
function sourceOf({ raw }: FastifyRequest, hops: number): string {
  if (hops === 0) return withoutIpv4Prefix(raw.socket.remoteAddress ?? '')
  const forwarded = [raw.headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
  return withoutIpv4Prefix(withoutPort(forwarded.at(-hops)?.trim() ?? ''))
}

function withoutPort(address: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1] ?? address.replace(/^([^:]*):\d+$/, '$1')
}

/** A server that listens on IPv6 sees callers on IPv4 as `::ffff:1.2.3.4`. */
function withoutIpv4Prefix(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
