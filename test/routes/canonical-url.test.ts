import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalUrl, isSocketUrl } from '../../src/routes/canonical-url.ts'

const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'

describe('canonicalUrl', () => {
  test.each([
    '/v1/chat/completions',
    '/v1/chat/completions/',
    '/v1/chat/completions//',
    '/chat/completions',
    '/chat/completions/',
    '/v1/v1/chat/completions',
    '/v1/chat/completions/chat/completions',
    '/chat/completions/chat/completions/',
    '/v1/chat/completions/v1/chat/completions',
    '//v1//chat/completions',
    '/llm/v1/chat/completions',
    '/tenants/oak-street/v1/chat/completions',
    '/',
    '//',
    '/v1',
    '/v1/',
    'http://host.example:8080/v1/chat/completions',
    'https://host.example',
  ])('leads POST %s to the chat completions', (url) => {
    expect(canonicalUrl('POST', url)).toEqual({ url: CHAT })
  })

  test.each(['/', '/v1/chat/completions', '/chat/completions/', '/v1'])(
    'leads HEAD %s there too',
    (url) => {
      expect(canonicalUrl('HEAD', url)).toEqual({ url: CHAT })
    },
  )

  test.each(['/', '/chat/completions', '/v1/chat/completions/', '/llm/v1/chat/completions'])(
    'takes the secret out of /k/<secret>%s',
    (url) => {
      expect(canonicalUrl('POST', `/k/s3cret${url}`)).toEqual({ url: CHAT, secret: 's3cret' })
    },
  )

  test('takes the secret out of a path that ends with it', () => {
    expect(canonicalUrl('POST', '/k/s3cret')).toEqual({ url: CHAT, secret: 's3cret' })
  })

  test('decodes the secret, and leaves one that cannot be decoded as it is', () => {
    expect(canonicalUrl('POST', '/k/a%2Fb%20c/v1').secret).toBe('a/b c')
    expect(canonicalUrl('POST', '/k/100%/v1').secret).toBe('100%')
  })

  test.each([
    '/v1/responses',
    '/v1/responses/',
    '/responses',
    '/v1/v1/responses',
    '/v1/responses/responses',
    '/v1/chat/completions/responses',
    '/llm/v1/responses',
    'http://host.example:8080/v1/responses',
  ])('leads POST and HEAD %s to the responses', (url) => {
    expect(canonicalUrl('POST', url)).toEqual({ url: RESPONSES })
    expect(canonicalUrl('HEAD', `${url}?a=b`)).toEqual({ url: `${RESPONSES}?a=b` })
  })

  test.each(['/responses', '/v1/responses/', '/llm/v1/responses'])(
    'takes the secret out of /k/<secret>%s too',
    (url) => {
      expect(canonicalUrl('POST', `/k/s3cret${url}`)).toEqual({ url: RESPONSES, secret: 's3cret' })
    },
  )

  test.each(['/models', '/v1/models', '/v1/models/', '/llm/v1/models'])(
    'leads GET %s to the models',
    (url) => {
      expect(canonicalUrl('GET', url)).toEqual({ url: '/v1/models' })
    },
  )

  test.each([
    ['/llm-websocket/call-1', '/llm-websocket/call-1'],
    ['/llm-websocket/call-1/', '/llm-websocket/call-1'],
    ['/tenants/oak/llm-websocket/call-1', '/llm-websocket/call-1'],
    ['/llm-websocket/call%2F1', '/llm-websocket/call%2F1'],
    ['/llm-websocket/models', '/llm-websocket/models'],
    ['/speech-engine', '/speech-engine'],
    ['/v1/speech-engine/', '/speech-engine'],
    ['/tenants/oak/conversation-relay', '/conversation-relay'],
    ['http://host.example:8080/conversation-relay', '/conversation-relay'],
  ])('leads GET %s to its socket', (url, path) => {
    expect(canonicalUrl('GET', url)).toEqual({ url: path })
    expect(canonicalUrl('GET', `${url}?key=x`)).toEqual({ url: `${path}?key=x` })
    expect(canonicalUrl('GET', `/k/s3cret${url.replace(/^http:\/\/[^/]*/, '')}`)).toEqual({
      url: path,
      secret: 's3cret',
    })
    expect(isSocketUrl(`${path}?key=x`)).toBe(true)
  })

  test.each([
    '/',
    '/v1/chat/completions',
    '/llm-websocket',
    '/llm-websocket/',
    '/llm-websocket/?key=/llm-websocket/1',
    '/healthz?path=/speech-engine',
    '/healthz#/speech-engine',
    '/speech-engines',
    '/speech-engine/call-1',
    '/k/speech-engine',
    '/k/llm-websocket/call-1',
  ])('knows that GET %s is no socket', (url) => {
    expect(isSocketUrl(canonicalUrl('GET', url).url)).toBe(false)
  })

  test('keeps the query', () => {
    expect(canonicalUrl('POST', '/chat/completions/?custom_session_id=a/b&x=1')).toEqual({
      url: `${CHAT}?custom_session_id=a/b&x=1`,
    })
    expect(canonicalUrl('POST', '/?a=b').url).toBe(`${CHAT}?a=b`)
  })

  test('leaves other paths alone but for their trailing slash', () => {
    expect(canonicalUrl('GET', '/healthz/').url).toBe('/healthz')
    expect(canonicalUrl('GET', '/').url).toBe('/')
    expect(canonicalUrl('POST', '/k/s3cret/v1/conversations/derive/')).toEqual({
      url: '/v1/conversations/derive',
      secret: 's3cret',
    })
  })

  test('gives a path for any text, and never one that holds the secret', () => {
    const secret = fc.stringMatching(/^[A-Z]{12}$/)
    fc.assert(
      fc.property(
        fc.constantFrom('GET', 'POST', 'HEAD'),
        secret,
        fc.webPath(),
        (method, key, path) => {
          const result = canonicalUrl(method, `/k/${key}${path}`)
          expect(result.url.startsWith('/')).toBe(true)
          expect(result.secret).toContain(key)
        },
      ),
    )
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(canonicalUrl('POST', text).url.startsWith('/')).toBe(true)
      }),
    )
  })
})
