import { expect, it } from 'vitest'
import { MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

function errors(more: string): readonly string[] {
  const text = `${MINIMAL.replace('state_prompt: Talk.', 'tools: [t]')}${more}\n`
  return problemsOf(parse(text)).filter((problem) => problem.includes(' error '))
}

const withHeader = (header: string): string =>
  `tools: { t: { type: webhook, method: GET, url: https://api.example/x, headers: { ${header} } } }`

it.each(['Idempotency-Key', 'webhook-id', 'WEBHOOK-TIMESTAMP', 'webhook-signature'])(
  'leaves %s to the server',
  (name) => {
    expect(errors(withHeader(`${name}: '{{id}}'`))).toEqual([
      expect.stringMatching(
        new RegExp(` error tools\\.t\\.headers\\.${name}: is set by the server, which names each`),
      ),
    ])
  },
)

it('lets no tool ask for compressed answers', () => {
  expect(errors(withHeader('Accept-Encoding: gzip'))).toEqual([
    expect.stringContaining('headers.Accept-Encoding: is set by the server, which reads plain'),
  ])
})

it('takes headers of similar names', () => {
  expect(errors(withHeader("webhook-id-2: x, x-idempotency-key: '{{id}}'"))).toEqual([])
})

const withSecret = (secret: string): string =>
  `tools: { t: { type: static, result: x } }\nwebhooks: { signing_secret: '${secret}' }`

it('takes a signing secret as text or as base64', () => {
  expect(errors(withSecret('correct horse'))).toEqual([])
  expect(errors(withSecret(`whsec_${'abcd'.repeat(8)}`))).toEqual([])
})

it.each(['whsec_', 'whsec_abcd', `whsec_${'abcd'.repeat(22)}`, `whsec_${'ab*d'.repeat(8)}`])(
  'refuses the signing secret %s without telling it',
  (secret) => {
    const found = errors(withSecret(secret))
    expect(found).toEqual([
      expect.stringMatching(/ error webhooks\.signing_secret: .*base64 of 24 to 64 bytes$/),
    ])
    expect(found.join()).not.toContain('abcd')
  },
)
