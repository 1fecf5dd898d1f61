import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { faultOfToken, toTokenKey } from '../../../src/routes/speech-engine/verify-token.ts'
import { API_KEY, makeToken } from './platform.ts'

const NOW = 1_800_000_000
const KEY = toTokenKey(API_KEY)
const TIMES = { iat: NOW, exp: NOW + 300 }

const faultOf = (token: string) => faultOfToken(token, KEY, NOW)
const withClaims = (claims: object) => makeToken({ claims: { ...TIMES, ...claims } })

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

describe('a token of the platform', () => {
  test.each([
    ['bare', (token: string) => token],
    ['with Bearer before it', (token: string) => `Bearer ${token}`],
    ['in any case and with spaces', (token: string) => `  bearer   ${token} `],
  ])('is taken %s', (_, write) => {
    expect(faultOf(write(withClaims({})))).toBeNull()
  })

  test('is taken with a key that was saved with spaces around it', () => {
    expect(faultOfToken(withClaims({}), toTokenKey(` ${API_KEY}\n`), NOW)).toBeNull()
  })

  test.each([
    ['expired a minute ago', { exp: NOW - 60 }, null],
    ['expired more than a minute ago', { exp: NOW - 61 }, 'exp'],
    ['made a minute ahead', { iat: NOW + 60 }, null],
    ['made more than a minute ahead', { iat: NOW + 61 }, 'iat'],
    ['with other claims too', { aud: 'x', jti: 'y' }, null],
  ])('that was %s is judged by its times', (_, claims, fault) => {
    expect(faultOf(withClaims(claims))).toBe(fault)
  })
})

describe('a token is refused', () => {
  test.each([
    ['another issuer', { iss: 'https://api.elevenlabs.io/convai/speech-engine/' }, 'iss'],
    ['no issuer', { iss: undefined }, 'iss'],
    ['a list of issuers', { iss: ['https://api.elevenlabs.io/convai/speech-engine'] }, 'iss'],
    ['another subject', { sub: 'convai' }, 'sub'],
    ['no subject', { sub: undefined }, 'sub'],
    ['no expiry', { exp: undefined }, 'exp'],
    ['an expiry in words', { exp: String(NOW + 300) }, 'exp'],
    ['an expiry of null', { exp: null }, 'exp'],
    ['no time of making', { iat: undefined }, 'iat'],
    ['a time of making in words', { iat: String(NOW) }, 'iat'],
  ])('with %s', (_, claims, fault) => {
    expect(faultOf(withClaims(claims))).toBe(fault)
  })

  test('with a number that is no time', () => {
    const payload = Buffer.from(
      '{"iss":"https://api.elevenlabs.io/convai/speech-engine","sub":"convai_speech_engine_upstream","iat":1,"exp":1e999}',
    ).toString('base64url')
    expect(faultOf(signed(encoded({ alg: 'HS256' }), payload))).toBe('exp')
  })

  test.each(['none', 'None', 'HS512', 'RS256', 'hs256', undefined, null, ['HS256']])(
    'that says it is signed with %s, also if the signature is right',
    (alg) => {
      expect(faultOf(makeToken({ claims: TIMES, header: { alg } }))).toBe('alg')
    },
  )

  test('that is not signed', () => {
    const [, payload = ''] = withClaims({}).split('.')
    expect(faultOf(`${encoded({ alg: 'none' })}.${payload}.`)).toBe('form')
    expect(faultOf(`${encoded({ alg: 'HS256' })}.${payload}.`)).toBe('form')
  })

  test('that is signed with another key, or with the key itself and not with its digest', () => {
    expect(faultOf(makeToken({ apiKey: 'sk_another', claims: TIMES }))).toBe('signature')
    const token = withClaims({})
    expect(faultOfToken(token, Buffer.from(API_KEY), NOW)).toBe('signature')
  })

  test('in which one character of any part was changed', () => {
    const token = withClaims({})
    for (let at = 0; at < token.length; at++) {
      if (token[at] === '.') continue
      const other = token[at] === 'A' ? 'B' : 'A'
      const changed = token.slice(0, at) + other + token.slice(at + 1)
      expect(faultOf(changed), `at ${at}`).not.toBeNull()
    }
  })

  test('whose signature is cut or made longer', () => {
    const token = withClaims({})
    expect(faultOf(token.slice(0, -1))).toBe('signature')
    expect(faultOf(`${token}A`)).toBe('signature')
  })

  test.each([
    ['empty', ''],
    ['a word', 'secret'],
    ['of two parts', 'a.b'],
    ['of four parts', 'a.b.c.d'],
    ['of bytes that are no base64url', 'a+.b.c'],
    ['with a header that is no JSON', `!!!!.${encoded({})}.c`.replaceAll('!', 'A')],
    ['with a header that is a list', `${encoded([])}.${encoded({})}.c`],
    [
      'with an extension that must be understood',
      `${encoded({ alg: 'HS256', crit: ['b64'] })}.a.b`,
    ],
  ])('that is %s', (_, token) => {
    expect(faultOf(token)).toBe('form')
  })

  test('that is too long, and at once', () => {
    expect(faultOf(withClaims({ note: 'x'.repeat(4096) }))).toBe('form')
  })

  test('whose claims are no object, although the key is right', () => {
    expect(faultOf(signed(encoded({ alg: 'HS256' }), encoded(null)))).toBe('form')
  })
})

/** With the right key, whatever is in it. */
function signed(header: string, payload: string): string {
  const text = `${header}.${payload}`
  return `${text}.${createHmac('sha256', KEY).update(text).digest('base64url')}`
}
