import fc from 'fast-check'
import { expect, it } from 'vitest'
import { withoutAddresses } from '../../src/tools/without-addresses.ts'

it.each([
  ['see https://api.example/a?b=c now', 'see [link] now'],
  ['redis://:secret@cache:6379/0 is down', '[link] is down'],
  ['ftp://10.0.0.1/x, mongodb+srv://u:p@h', '[link] [link]'],
  ['connect ECONNREFUSED 10.0.0.5:5432', 'connect ECONNREFUSED [address]'],
  ['from 192.168.1.20.', 'from [address].'],
  ['at [::1]:8080 and fe80::1 and ::1', 'at [address] and [address] and [address]'],
  ['2001:db8:0:0:0:0:0:1 failed', '[address] failed'],
  [
    'upstream localhost:80, db.internal:5432, redis:6379',
    'upstream [address], [address], [address]',
  ],
])('hides the addresses in %j', (text, expected) => {
  expect(withoutAddresses(text)).toBe(expected)
})

it.each([
  'Tuesday 10:30 is taken, 11:15:00 is free',
  '2026-11-20T10:30:00+01:00',
  '{"error":"slot taken","code":40912,"at":"2026-11-20T10:30:00Z"}',
  'slot: must be one of [10:30, 14:00]',
  'Error::NotFound',
  'version 1.2.3, 3.5 of 10',
])('leaves %j as it is', (text) => {
  expect(withoutAddresses(text)).toBe(text)
})

it('hides every IPv4 address, whatever stands around it', () => {
  const around = fc.constantFrom('', ' ', '"', '(', ')', ',', '\n')
  fc.assert(
    fc.property(fc.ipV4(), fc.option(fc.nat(65_535)), around, around, (ip, port, before, after) => {
      const text = `${before}${port === null ? ip : `${ip}:${port}`}${after}`
      expect(withoutAddresses(text)).toBe(`${before}[address]${after}`)
    }),
  )
})
