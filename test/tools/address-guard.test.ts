import { describe, expect, it } from 'vitest'
import {
  ADDRESS_REFUSED,
  createAddressGuard,
  isPublicAddress,
} from '../../src/tools/address-guard.ts'

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
  ])('is true for %s', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })
})

describe('an address guard', () => {
  const guard = createAddressGuard(['localhost', '[::1]', 'Crm.internal'])

  it.each([
    'http://api.example/',
    'https://127.0.0.1/',
    'https://0x7f.1/',
    'https://2130706433/',
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
