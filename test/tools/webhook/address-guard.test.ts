import { describe, expect, it } from 'vitest'
import {
  ADDRESS_REFUSED,
  createAddressGuard,
  isPublicAddress,
} from '../../../src/tools/webhook/address-guard.ts'

describe('isPublicAddress', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::10.0.0.1',
    '2002:7f00:1::',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '::ffff:0.0.0.0',
    '::FFFF:192.168.0.1',
    '0:0:0:0:0:ffff:7f00:1',
    '::ffff:0:127.0.0.1',
    '::a9fe:a9fe',
    '64:ff9b::7f00:1',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::8.8.8.8',
    '2001:0:7f00:1::',
    '2001:0:4136:e378:8000:63bf:80ff:fffe',
    '2001:20::1',
    '2001:db8::1',
    '2002:a9fe:a9fe::1',
    '3fff::1',
    '5f00::1',
    '100::1',
    '1::1',
    '4000::1',
    'fe80::1%25eth0',
    'febf::1',
    'fec0::1',
    '192.0.0.170',
    '198.18.0.1',
    '240.0.0.1',
    '0.1.2.3',
    '127.1',
    '0x7f.0.0.1',
    '2130706433',
    '127.0.0.1.',
    '',
    'not an address',
  ])('is false for %s', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  it.each([
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '2001:4860:4860::8888',
    '2a00:1450::1%eth0',
    '1.1.1.1',
    '223.255.255.254',
  ])('is true for %s', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })
})

describe('an address guard', () => {
  const guard = createAddressGuard(['localhost', '[::1]', 'Crm.internal', 'xn--bcher-kva.example'])

  it.each([
    'http://api.example/',
    'https://127.0.0.1/',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://0177.0.0.1/',
    'https://0x7f000001/',
    'https://127.1/',
    'https://127.0.0.1./',
    'https://0/',
    'https://0.0.0.0/',
    'https://①②⑦.⓪.⓪.①/',
    'https://127。0。0。1/',
    'https://%31%32%37.0.0.1/',
    'https://[::]/',
    'https://[::2]:8443/',
    'https://[::7f00:1]/',
    'https://[0:0:0:0:0:ffff:a9fe:a9fe]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://[2002:7f00:1::]/',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost@10.0.0.1/',
    'ftp://8.8.8.8/',
    'https://[::ffff:127.0.0.1]/',
    'https://[fe80::1]/',
    'http://8.8.8.8/',
  ])('does not permit %s', (url) => {
    expect(guard.permits(new URL(url))).toBe(false)
  })

  it.each([
    'https://api.example/',
    'https://8.8.8.8/',
    'http://localhost:8080/',
    'http://LOCALHOST./',
    'http://[::1]:8080/',
    'http://crm.internal/',
    'http://bücher.example/',
    'http://xn--bcher-kva.example/',
  ])('permits %s', (url) => {
    expect(guard.permits(new URL(url))).toBe(true)
  })

  function lookup(guarded: typeof guard, all: boolean): Promise<unknown> {
    return new Promise((resolve) => {
      guarded.lookup('localhost', { all }, (error, address) => resolve(error?.code ?? address))
    })
  }

  it('refuses a name that resolves to a private address', async () => {
    expect(await lookup(createAddressGuard([]), true)).toBe(ADDRESS_REFUSED)
  })

  it('gives the addresses of an allowed host in the form that was asked for', async () => {
    expect(await lookup(guard, true)).toContainEqual(expect.objectContaining({ family: 4 }))
    expect(await lookup(guard, false)).toMatch(/^(127\.0\.0\.1|::1)$/)
  })
})
