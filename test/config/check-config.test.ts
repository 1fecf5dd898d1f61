import { describe, expect, it } from 'vitest'
import { MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

describe('what belongs together', () => {
  it('may listen without keys on a loopback host only', () => {
    for (const host of ['127.0.0.1', '::1', 'localhost']) {
      expect(problemsOf(parse(MINIMAL, { host }))).toEqual([])
    }
    expect(problemsOf(parse(MINIMAL, { host: '0.0.0.0' }))).toEqual([
      expect.stringMatching(/^2:1 error auth\.keys: needs at least one key, .*"0\.0\.0\.0"/),
    ])
  })

  it('does not take a server whose keys are broken for an open one', () => {
    const text = MINIMAL.replace('auth: {', 'auth: { keys: [{ name: a, secret: short }],')
    expect(problemsOf(parse(text, { host: '0.0.0.0' }))).toEqual([
      '2:35 error auth.keys[0].secret: must have at least 8 characters',
    ])
  })

  it('takes a shared store, and a tool that waits for the caller to say yes', () => {
    const text = `${MINIMAL.replace('state_prompt: Talk.', 'tools: [pay]')}store: { type: redis, url: 'redis://x' }
tools:
  pay: { type: webhook, url: https://api.example/pay, commit: confirmed, readback: Shall I?, timeout_ms: 4000 }
`
    expect(problemsOf(parse(text))).toEqual([])
  })

  it('refuses webhooks that the server would never call', () => {
    const tool = (url: string) =>
      problemsOf(
        parse(`${MINIMAL.replace('state_prompt: Talk.', 'tools: [t]')}webhooks: { allow_hosts: [localhost, "::1"] }
tools: { t: { type: webhook, method: GET, timeout_ms: 4000, url: "${url}" } }
`),
      ).map((line) => line.split('tools.t.url: ')[1])
    expect(tool('https://api.example/{{a}}?b={{c.d}}')).toEqual([
      expect.stringContaining('uses {{a}}'),
      expect.stringContaining('uses {{c.d}}'),
    ])
    expect(tool('http://localhost:9000/x')).toEqual([])
    expect(tool('http://[::1]:9000/x')).toEqual([])
    expect(tool('http://api.example/')).toEqual([
      'must be https, unless webhooks.allow_hosts lists "api.example"',
    ])
    expect(tool('https://{{host}}/')[0]).toMatch(/may hold \{\{\.\.\.\}\} in path and query only/)
    expect(tool('{{scheme}}://a.example/')[0]).toMatch(/in path and query only/)
    expect(tool('https://me:pass@api.example/')).toEqual([
      'must not hold credentials; put them in headers',
    ])
    expect(tool('https://169.254.169.254/')[0]).toMatch(/^leads to a private address/)
    expect(tool('ftp://api.example/')[0]).toMatch(/^must be a whole URL/)
  })

  it('refuses a JSON Schema that does not compile, of tools and of edges', () => {
    const text = `${MINIMAL.replace(
      'state_prompt: Talk.',
      'tools: [t], edges: [{ to: talk, when: { type: llm, description: x, parameters: { type: objct } } }]',
    )}tools: { t: { type: static, result: x, parameters: { properties: { a: { type: strng } } } } }\n`
    expect(problemsOf(parse(text)).map((line) => line.split(' ')[2])).toEqual([
      'flow.states.talk.edges[0].when.parameters:',
      'tools.t.parameters:',
    ])
  })

  it('refuses a state tool that is also a server tool, and a tool of an unknown MCP server', () => {
    const text = `${MINIMAL.replace('state_prompt: Talk.', 'tools: [turnstate_state, t]')}mcp: { clinic: { url: https://mcp.example } }
tools:
  turnstate_state: { type: static, result: x }
  t: { type: mcp, server: clinc, tool: x }
`
    const said = problemsOf(parse(text)).filter((line) => line.includes(' error '))
    expect(said).toEqual([
      expect.stringMatching(/conversation\.state_tool: is also the name of a tool/),
      expect.stringMatching(/tools\.t\.server: there is no server "clinc".*"clinic"/),
    ])
  })

  it.each(['end_call', 'skip_turn', 'transition_to_talk', 'show_map'])(
    'refuses the state tool %s, which does something',
    (name) => {
      const allowed = MINIMAL.replace(
        'state_prompt: Talk.',
        'platform_tools: { allow: [show_map] }',
      )
      const text = `${allowed}conversation: { state_tool: ${name} }\n`
      const said = problemsOf(parse(text)).filter((line) => line.includes(' error '))
      expect(said).toEqual([expect.stringMatching(/conversation\.state_tool: is also the name of/)])
    },
  )

  it('warns of writes that will be refused, and not of reads', () => {
    const text = `${MINIMAL.replace('state_prompt: Talk.', 'tools: [t, r]')}conversation: { key: [] }
tools:
  t: { type: webhook, url: https://api.example/, timeout_ms: 4000, commit: immediate }
  r: { type: webhook, url: https://api.example/, timeout_ms: 4000, method: GET }
`
    expect(problemsOf(parse(text))).toEqual([
      '12:3 warning tools.t: will always be refused: it writes, and conversation.key names no source of a key',
    ])
  })

  it('has nothing to say of writes that leave their commit rule to the default', () => {
    const text = `${MINIMAL.replace('state_prompt: Talk.', 'tools: [post, said, read, get, forced]')}tools:
  post: { type: webhook, url: https://api.example/, timeout_ms: 4000 }
  said: { type: webhook, url: https://api.example/, timeout_ms: 4000, commit: immediate }
  read: { type: webhook, url: https://api.example/, timeout_ms: 4000, effect: read }
  get: { type: webhook, url: https://api.example/, timeout_ms: 4000, method: GET }
  forced: { type: webhook, url: https://api.example/, timeout_ms: 4000, method: GET, effect: write }
`
    expect(problemsOf(parse(text))).toEqual([])
  })

  it('warns of a missing signing secret', () => {
    expect(problemsOf(parse(MINIMAL.replace(/auth.*\n/, '')))).toEqual([
      '1:1 warning auth.signing_secret: is not set: state tokens are void after a restart, and effects have other keys',
    ])
  })

  it('warns neither of filters nor of compat flags nor of a retry', () => {
    const flags =
      'merge_roles, user_first, no_trailing_assistant, short_tool_call_ids, max_completion_tokens, no_stream_options'
    const text = `${MINIMAL.replace('state_prompt: Talk.', 'tools: [t]').replace('model: small', `model: small, compat: [${flags}]`)}speech: { strip_markdown: true, strip_think: true }
tools:
  t: { type: webhook, url: https://api.example/, timeout_ms: 4000, idempotent: true }
`
    expect(text).toContain(flags)
    expect(problemsOf(parse(text))).toEqual([])
  })
})
