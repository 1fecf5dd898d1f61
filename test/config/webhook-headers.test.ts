import { expect, it } from 'vitest'
import { MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

function problems(headers: string, environment: Readonly<Record<string, string>> = {}) {
  const text = `${MINIMAL.replace('state_prompt: Talk.', 'tools: [t]')}tools:
  t: { type: webhook, method: GET, url: https://api.example/x, headers: { ${headers} } }
`
  return problemsOf(parse(text, { environment }))
}

it.each(['authorization: "Bearer {{token}}"', 'X-Name: "{{ name }}\\t!"', 'a: ""'])(
  'takes %s',
  (header) => {
    expect(problems(header).filter((problem) => problem.includes(' error '))).toEqual([])
  },
)

it.each([
  ['"bad header": x', '11:75 error tools.t.headers["bad header"]: must be a header name'],
  ['"": x', '11:75 error tools.t.headers[""]: must be a header name'],
  ['"a{{x}}": x', '11:75 error tools.t.headers["a{{x}}"]: must be a header name'],
  ['Host: x', '11:75 error tools.t.headers.Host: is set by the server itself'],
  [
    'content-length: "1"',
    '11:75 error tools.t.headers.content-length: is set by the server itself',
  ],
  ['a: "x\\ny"', '11:78 error tools.t.headers.a: must be printable ASCII'],
  ['a: "{{name}} ☃"', '11:78 error tools.t.headers.a: must be printable ASCII'],
])('refuses %s', (header, problem) => {
  expect(problems(header)).toContain(problem)
})

it('does not tell a value that comes from the environment', () => {
  const found = problems('a: "${env:SECRET}"', { SECRET: 'geheimniß' })
  expect(found.some((problem) => problem.includes('must be printable ASCII'))).toBe(true)
  expect(found.join('\n')).not.toContain('geheim')
})
