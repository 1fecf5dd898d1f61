import { describe, expect, it } from 'vitest'
import { loadConfig, loadFlow } from '../../src/config/load.ts'
import { effectOf } from '../../src/flow/tool-definition.ts'
import { configOf, MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

const FIXTURES = new URL('../fixtures/config/', import.meta.url).pathname

const WHOLE_ENVIRONMENT = {
  TURNSTATE_KEY: 'turnstate-key',
  VAPI_TO_TURNSTATE: 'vapi-key',
  TWILIO_AUTH_TOKEN: 'twilio-token',
  TURNSTATE_SIGNING_SECRET: 'a-signing-secret-of-32-characters',
  OPENAI_API_KEY: 'openai-key',
  GROQ_API_KEY: 'groq-key',
  ELEVENLABS_API_KEY: 'elevenlabs-key',
  MCP_TOKEN: 'mcp-token',
  WEBHOOK_SECRET: 'webhook-secret',
  CLINIC_TOKEN: 'clinic-token',
}

describe('a whole configuration', () => {
  it('fills in every default', () => {
    const { flow, upstreams, auth, ...config } = configOf(parse(MINIMAL))
    expect(config).toEqual({
      version: 1,
      routing: {
        connect_timeout_ms: 2000,
        first_token_timeout_ms: 2500,
        idle_timeout_ms: 5000,
        turn_timeout_ms: 20_000,
      },
      speech: { strip_markdown: true, strip_think: true, allow: [] },
      limits: {
        max_body_bytes: 4_194_304,
        max_tool_rounds: 4,
        max_transitions_per_turn: 3,
        max_concurrent_turns: 2000,
        max_sockets: 5000,
      },
      conversation: {
        key: [
          'system:CALL_ID=(conv_[A-Za-z0-9]+)',
          'system:conv_[A-Za-z0-9]+',
          'header.x-conversation-id',
          'header.x-livekit-room-id',
          'query.custom_session_id',
          'body.call.id',
          'extra_body.conversation_id',
          'extra_body.call_id',
        ],
        state_tool: 'turnstate_state',
        ignore_assistant_texts: [],
        retain: 2 * 60 * 60 * 1000,
        timezone: 'UTC',
        cascade_timeout_ms: 4000,
      },
      assent: {},
      store: { type: 'memory' },
      tools: {},
      mcp: {},
      webhooks: { allow_hosts: [] },
      platform: 'auto',
      retell: {
        first_speaker: 'agent',
        call_details_timeout_ms: 1000,
        show_tool_calls: true,
        allow_addresses: [],
        trust_proxy_hops: 0,
        actions: {},
      },
      conversation_relay: { first_speaker: 'caller', dtmf_gap_ms: 1000, actions: {} },
    })
    expect(auth).toEqual({ keys: [], signing_secret: '0123456789abcdef' })
    const main = {
      base_url: 'https://llm.example/v1',
      model: 'small',
      headers: {},
      compat: [],
      http2: false,
      warm_connections: 2,
    }
    expect(upstreams).toEqual({ main })
    expect(flow).toEqual({
      name: 'minimal',
      starting_state: 'talk',
      general_tools: [],
      default_dynamic_variables: {},
      variables: {},
      states: { talk: { state_prompt: 'Talk.', tools: [], edges: [] } },
    })
    expect(problemsOf(parse(MINIMAL))).toEqual([])
  })

  it('fills in the defaults of tools and silences', () => {
    const text = `${MINIMAL.replace('state_prompt: Talk.', 'on_silence: { say: Hello? }')}mcp: { m: { url: https://mcp.example } }
tools:
  post: { type: webhook, url: https://api.example }
  get: { type: webhook, method: GET, url: https://api.example }
  text: { type: static, result: x }
  remote: { type: mcp, server: m, tool: x }
`
    const { flow, tools } = configOf(parse(text))
    expect(flow.states['talk']?.on_silence).toEqual({ say: 'Hello?', max: 2 })
    const common = { assignments: [], idempotent: false, prefetch: false }
    const webhook = { ...common, type: 'webhook', url: 'https://api.example', headers: {} }
    expect(tools).toEqual({
      post: { ...webhook, method: 'POST', timeout_ms: 6000 },
      get: { ...webhook, method: 'GET', timeout_ms: 6000 },
      text: { ...common, type: 'static', result: 'x' },
      remote: { ...common, type: 'mcp', server: 'm', tool: 'x', timeout_ms: 6000 },
    })
    const effects = Object.entries(tools).map(([name, tool]) => [name, effectOf(tool)])
    expect(Object.fromEntries(effects)).toEqual({
      post: 'write',
      get: 'read',
      text: 'read',
      remote: 'write',
    })
  })

  it('takes a file with every setting, with a warning for what has no effect', () => {
    const file = `${FIXTURES}every-setting.yaml`
    const loaded = loadConfig({ file, environment: WHOLE_ENVIRONMENT })
    const config = configOf(loaded)
    expect(config.auth.keys).toEqual([
      { name: 'elevenlabs', secret: 'turnstate-key' },
      { name: 'desk', secret: 'vapi-key', platform: 'vapi' },
    ])
    expect(config.tools['create_booking']).toMatchObject({
      headers: { authorization: 'Bearer clinic-token' },
      commit: 'settled',
    })
    expect(config.upstreams['demo']).toMatchObject({
      type: 'scripted',
      script: [{ say: 'Who is calling, please?' }, { say: 'I did not get that.' }],
    })
    const warnings = loaded.ok ? loaded.warnings : []
    expect(warnings.map(({ path }) => path)).toEqual(['tools.create_booking.readback'])
  })

  it('goes on with the flow when there are no upstreams', () => {
    const file = 'version: 1\nflow: { name: f, starting_state: x, states: { y: {} } }\n'
    expect(problemsOf(parse(file))).toEqual([
      expect.stringContaining('upstreams: is required'),
      expect.stringContaining('flow.starting_state: there is no state "x"'),
    ])
  })

  it('tells a key of another type of tool from an unknown one', () => {
    const tools = 'tools: { h: { type: static, result: x, timeout_ms: 5, urll: y } }\n'
    expect(problemsOf(parse(`${MINIMAL}${tools}`))).toEqual([
      expect.stringContaining('tools.h.timeout_ms: is a key of another type; remove it'),
      expect.stringContaining('tools.h.urll: unknown key; did you mean "url"?'),
    ])
  })

  it('names every problem of a file at once, each at its line and column', () => {
    const loaded = loadConfig({
      file: `${FIXTURES}everything-wrong.yaml`,
      environment: { TEST_TWICE: 'sekrit-12345' },
    })
    expect(loaded.ok).toBe(false)
    expect(`\n${problemsOf(loaded).join('\n')}\n`).toMatchInlineSnapshot(`
      "
      1:10 error version: must be 1
      2:1 error auth.signing_secret: must be set with store: redis, and be the same for all instances: keys of effects and state tokens are made with it
      4:28 error auth.keys[0].secret: must have at least 8 characters
      6:15 error auth.keys[2].name: another key has this name; names must differ
      6:28 error auth.keys[2].secret: another key has this secret; secrets must differ
      7:30 error auth.keys[3].secret: the environment variable TEST_MISSING is not set or empty
      9:24 error upstreams.primary.base_url: must be an http or https URL without credentials, query or fragment
      9:45 error upstreams.primary.api_kye: unknown key; did you mean "api_key"?
      10:18 error upstreams.other.type: must be one of openai, scripted; did you mean "scripted"?
      11:39 error upstreams.stand_in.script: cannot be read: there is no such file
      13:20 error routing.order[1]: there is no upstream "othre"; did you mean "other"?
      13:27 error routing.order[2]: lists "primary" a second time
      14:1 error fallbak: unknown key; did you mean "fallback"?
      17:9 error flow.name: must be 1 to 64 letters, digits, . _ or -
      18:19 error flow.starting_state: there is no state "one"
      19:26 error flow.general_tools[1]: lists "hours" a second time
      19:33 error flow.general_tools[2]: there is no tool "huors" under tools; did you mean "hours"?
      21:37 error flow.variables.slot.default: must be of the variable's type, integer
      22:19 error flow.variables.kind.type: must be one of string, number, integer, boolean, object, array; did you mean "string"?
      25:15 error flow.states.first.tools[0]: "hours" is one of general_tools and offered here anyway; remove it
      26:29 error flow.states.first.model.temperature: must be at most 2
      28:57 error flow.states.first.edges[0].when.description: must be a text, not a number (put it in quotes)
      29:17 error flow.states.first.edges[1].to: there is no state "secnd"; did you mean "second"?
      30:17 error flow.states.first.edges[2].to: there is no state "secnd"; did you mean "second"?
      30:17 error flow.states.first.edges[2].to: is the second llm edge to "secnd" in this state; say both cases in one description
      31:39 error flow.states.first.edges[3].when.type: must be one of expression, llm, result, always; did you mean "result"?
      32:66 error flow.states.first.edges[4].when.status: must be one of ok, failed, unknown
      37:61 error flow.states.first.edges[5].when.parameters.properties.slto: sets no variable, as flow.variables has no "slto"; did you mean "slot"?
      39:7 error flow.states.second.sya: unknown key; did you mean "say"?
      40:23 error flow.states.second.platform_tools: takes either allow or deny, not both
      46:24 error flow.states.second.edges[0].when.any[0].var: there is no "$turns_in_stat"; known are $turns_in_state, $exchange, $kind, $last_user_text, $extra.<path>; did you mean "$turns_in_state"?
      47:50 error flow.states.second.edges[0].when.any[1].value: must be a regular expression
      48:34 error flow.states.second.edges[0].when.any[2].op: must be one of ==, !=, >, >=, <, <=, contains, not_contains, exists, not_exist, matches; did you mean "=="?
      49:17 error flow.states.second.edges[0].when.any[3]: the operator == needs a value
      50:5 error flow.states["third state"]: as a key must be 1 to 50 letters, digits, _ or -
      53:3 error tools.hours.result: is required
      56:10 error tools.pay.url: may hold {{...}} in path and query only, not in scheme or host
      57:13 error tools.pay.commit: commit: confirmed needs a readback, the sentence that the caller says yes to
      58:31 error tools.pay.assignments[0].variable: flow.variables has no "slott"; did you mean "slot"?
      59:3 error tools.transition_to_first: no tool may be named transition_to_...: edges are offered so
      59:46 error tools.transition_to_first.url: must be https, unless webhooks.allow_hosts lists "plain.example"
      59:82 error tools.transition_to_first.parameters: must have type: object, as arguments are always an object
      60:32 error tools.remote.server: there is no server "nowhere" under mcp
      61:34 error tools.private.url: leads to a private address; webhooks.allow_hosts must list "10.0.0.1" to allow it
      61:66 error tools.private.timeout_ms: must be at most 20000
      "
    `)
    expect(JSON.stringify(loaded)).not.toContain('sekrit')
  })
})

describe('the script of a scripted upstream', () => {
  const text = MINIMAL.replace(/main: .*/, 'main: { type: scripted, script: scripts/s.yaml }')

  it('is read relative to the configuration file', () => {
    const files = { '/etc/turnstate/scripts/s.yaml': '- say: "Hello ${env:WHO}"\n' }
    const config = configOf(parse(text, { files, environment: { WHO: 'you' } }))
    expect(config.upstreams['main']).toEqual({
      type: 'scripted',
      script: [{ say: 'Hello you', calls: [], first_token_ms: 0, token_ms: 0 }],
    })
  })

  it('is named in its own problems', () => {
    const files = { '/etc/turnstate/scripts/s.yaml': '- say: a\n- sya: b\n  when: { user: "(" }\n' }
    const loaded = parse(text, { files })
    expect(loaded.ok ? [] : loaded.problems).toEqual([
      {
        severity: 'error',
        file: '/etc/turnstate/scripts/s.yaml',
        line: 2,
        column: 3,
        path: '[1].sya',
        message: 'unknown key; did you mean "say"?',
      },
      expect.objectContaining({ line: 3, path: '[1].when.user' }),
    ])
  })

  it('is asked for where it is missing', () => {
    expect(problemsOf(parse(text))).toEqual([
      '4:35 error upstreams.main.script: cannot be read: there is no such file',
    ])
  })
})

it('says why a file cannot be read', () => {
  const read = (file: string) => loadConfig({ file, environment: {} })
  expect(read(`${FIXTURES}none.yaml`)).toEqual({
    ok: false,
    problems: [
      {
        severity: 'error',
        file: `${FIXTURES}none.yaml`,
        line: 0,
        column: 0,
        path: '',
        message: 'cannot be read: there is no such file',
      },
    ],
  })
  expect(problemsOf(read(FIXTURES))[0]).toContain('it is a directory')
})

describe('the flow alone', () => {
  it('needs no environment', () => {
    const loaded = loadFlow(`${FIXTURES}every-setting.yaml`)
    expect(loaded.ok && loaded.flow.name).toBe('clinic-booking')
  })

  it('names its problems', () => {
    const loaded = loadFlow(`${FIXTURES}everything-wrong.yaml`)
    const paths = loaded.ok ? [] : loaded.problems.map(({ path }) => path)
    expect(paths).toContain('flow.name')
    expect(paths.every((path) => path.startsWith('flow.'))).toBe(true)
  })
})
