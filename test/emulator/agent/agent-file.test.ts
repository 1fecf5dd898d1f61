import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { AgentFile, toAgent } from '../../../src/emulator/agent/agent-file.ts'
import { agentWarnings } from '../../../src/emulator/agent/agent-warnings.ts'

const EXAMPLE = new URL('../../../examples/agent.yaml', import.meta.url)

const ID = '{{system__conversation_id}}'

function agentFile(fields: object = {}): AgentFile {
  return AgentFile.parse({ agent_id: 'clinic', prompt: ID, ...fields })
}

function offered(fields: object) {
  return toAgent(agentFile(fields)).tools.map((tool) => tool.offered.function)
}

/** Paths of what is wrong. */
function wrongIn(fields: object): readonly string[] {
  const result = AgentFile.safeParse({ agent_id: 'clinic', ...fields })
  return result.error?.issues.map(({ path }) => path.join('.')) ?? []
}

const TOOL = { name: 'show_map', description: 'Show a map' }
const WEBHOOK = { name: 'find', description: 'Find', url: 'https://api.example/find' }

describe('an agent file', () => {
  it('that names only the agent gets the defaults of the platform', () => {
    const file = agentFile()
    expect(file.custom_llm).toEqual({
      model_id: '',
      request_headers: {},
      cascade_timeout_seconds: 4,
      temperature: 0,
      max_tokens: 8192,
      on_retry: 'close',
    })
    expect(toAgent(file)).toMatchObject({
      id: 'clinic',
      firstMessage: '',
      language: 'en',
      tools: [],
      allowsExtraBody: false,
      refusesExtraBody: false,
      allowedOverrides: ['text_only'],
      requiresSignedUrl: false,
      clientEvents: 'all',
      turn: { timeoutMs: 7000, silenceForm: 'dots', isSpeculative: false },
      maxDurationMs: 600_000,
    })
  })

  it('of the examples is right, and nothing in it is worth a warning', () => {
    const file = AgentFile.parse(parse(readFileSync(EXAMPLE, 'utf8')))
    expect(agentWarnings(file)).toEqual([])
    expect(toAgent(file).neededVariables).toEqual([])
    expect(toAgent(file).tools.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'system end_call',
      'system skip_turn',
      'system language_detection',
      'client show_map',
    ])
  })

  it('can let silence never be asked about', () => {
    expect(toAgent(agentFile({ turn: { turn_timeout: -1 } })).turn.timeoutMs).toBeNull()
  })

  it.each<[string, object, string]>([
    ['an unknown key', { first_mesage: 'Hello' }, ''],
    ['an id with spaces', { agent_id: 'a b' }, 'agent_id'],
    [
      'an impatient cascade',
      { custom_llm: { cascade_timeout_seconds: 1 } },
      'custom_llm.cascade_timeout_seconds',
    ],
    [
      'a patient cascade',
      { custom_llm: { cascade_timeout_seconds: 16 } },
      'custom_llm.cascade_timeout_seconds',
    ],
    ['no tokens', { custom_llm: { max_tokens: 0 } }, 'custom_llm.max_tokens'],
    [
      'a header that breaks the request',
      { custom_llm: { request_headers: { host: 'x' } } },
      'custom_llm.request_headers.host',
    ],
    [
      'a line break in a header',
      { custom_llm: { request_headers: { a: 'x\ny' } } },
      'custom_llm.request_headers.a',
    ],
    [
      'a variable of the platform’s',
      { dynamic_variables: { system__time: 'x' } },
      'dynamic_variables.system__time',
    ],
    ['an unknown system tool', { system_tools: ['hang_up'] }, 'system_tools.0'],
    ['a transfer to nobody', { system_tools: ['transfer_to_number'] }, 'system_tools.0'],
    ['a tool that is there twice', { client_tools: [TOOL, TOOL] }, 'client_tools.1'],
    [
      'a hasty client tool',
      { client_tools: [{ ...TOOL, response_timeout_secs: 0 }] },
      'client_tools.0.response_timeout_secs',
    ],
    [
      'a hasty webhook',
      { webhook_tools: [{ ...WEBHOOK, response_timeout_secs: 4 }] },
      'webhook_tools.0.response_timeout_secs',
    ],
    [
      'a webhook whose host is an argument',
      { webhook_tools: [{ ...WEBHOOK, url: 'https://{host}/x' }] },
      'webhook_tools.0.url',
    ],
    [
      'a webhook without http',
      { webhook_tools: [{ ...WEBHOOK, url: 'file:///etc' }] },
      'webhook_tools.0.url',
    ],
    [
      'parameters of another type',
      { client_tools: [{ ...TOOL, parameters: { type: 'string' } }] },
      'client_tools.0.parameters.type',
    ],
    ['half a second of silence', { turn: { turn_timeout: 0.5 } }, 'turn.turn_timeout'],
    ['a day', { max_duration_seconds: 86_400 }, 'max_duration_seconds'],
  ])('may not hold %s', (_, fields, path) => {
    expect(wrongIn(fields)).toEqual([path])
  })
})

describe('the variables that a client must give', () => {
  it('are those of the texts and headers that nobody else knows', () => {
    const file = agentFile({
      first_message: 'Hello {{ first_name }}, {{first_name}}',
      prompt: `${ID} {{clinic}} {{topic}} {{secret__key}} {{}} {{two words}}`,
      dynamic_variables: { clinic: 'Oak Street' },
      custom_llm: { request_headers: { 'x-key': '{{secret__token}}' } },
    })
    expect(toAgent(file).neededVariables).toEqual(['first_name', 'topic', 'secret__token'])
  })
})

describe('a tool in the request', () => {
  it('of the system has its documented parameters', () => {
    const transfers = [{ agent_id: 'sales' }]
    const numbers = [{ transfer_number: '+4930', condition: 'angry' }]
    const tools = offered({
      system_tools: [
        'end_call',
        'skip_turn',
        'language_detection',
        'voicemail_detection',
        'play_keypad_touch_tone',
        { name: 'transfer_to_agent', transfers },
        { name: 'transfer_to_number', transfers: numbers },
      ],
    })
    const shapes = tools.map(({ name, parameters: { properties, required } }) => [
      name,
      Object.keys(properties as object), // the platform's own tools all have some
      required,
    ])
    expect(shapes).toEqual([
      ['end_call', ['reason', 'message'], ['reason']],
      ['skip_turn', ['reason'], []],
      ['language_detection', ['reason', 'language'], ['reason', 'language']],
      ['voicemail_detection', ['reason'], ['reason']],
      ['play_keypad_touch_tone', ['dtmf_tones', 'reason'], ['dtmf_tones']],
      ['transfer_to_agent', ['agent_number', 'reason'], ['agent_number']],
      [
        'transfer_to_number',
        ['reason', 'transfer_number', 'client_message', 'agent_message'],
        ['transfer_number', 'client_message', 'agent_message'],
      ],
    ])
  })

  it('speaks its farewell through the parameter that the file chooses', () => {
    const system_tools = [
      'end_call',
      { name: 'transfer_to_number', transfers: [{ transfer_number: '+4930' }] },
    ]
    const tools = offered({ system_tools, farewell_parameter: 'system__message_to_speak' })
    const names = tools.map(({ parameters }) => Object.keys(parameters.properties as object)) // see above
    expect(names).toEqual([
      ['reason', 'system__message_to_speak'],
      ['transfer_number', 'agent_message', 'system__message_to_speak'],
    ])
  })

  it('is described by the platform unless the file has words of its own', () => {
    const [platform, own] = [
      offered({ system_tools: [{ name: 'end_call', description: '' }] }),
      offered({ system_tools: [{ name: 'end_call', description: 'Hang up.' }] }),
    ].map(([tool]) => tool?.description)
    expect(platform).toMatch(/^Call this function to end the current conversation/)
    expect(own).toBe('Hang up.')
  })

  it('tells where calls go, and which languages there are', () => {
    const tools = offered({
      system_tools: [
        { name: 'transfer_to_agent', transfers: [{ agent_id: 'a', condition: 'A bill.' }] },
        { name: 'transfer_to_number', transfers: [{ transfer_number: '+49', condition: 'Fire.' }] },
        { name: 'language_detection', languages: ['en', 'de'] },
      ],
    })
    expect(tools.map(({ description }) => description.split(/\n|[.] /).at(-1))).toEqual([
      '0: A bill.',
      '+49: Fire.',
      'Languages: en, de.',
    ])
  })

  it('of the client is offered as the file has it, with its own limit', () => {
    const parameters = {
      type: 'object',
      properties: { place: { type: 'string' } },
      required: ['place'],
    }
    const file = agentFile({
      client_tools: [{ ...TOOL, parameters, response_timeout_secs: 5, expects_response: false }],
    })
    expect(toAgent(file).tools).toEqual([
      {
        kind: 'client',
        name: 'show_map',
        offered: { type: 'function', function: { ...TOOL, parameters } },
        responseTimeoutMs: 5000,
        expectsResponse: false,
      },
    ])
  })
})

describe('a warning', () => {
  it.each<[string, object, string]>([
    [
      'a header that is never sent',
      { custom_llm: { request_headers: { Authorization: 'x' } } },
      'custom_llm.request_headers.Authorization',
    ],
    ['a prompt that does not say whose it is', { prompt: '' }, 'prompt'],
    [
      'a variable of the platform’s that is not known here',
      { prompt: `${ID} {{system__caller_id}}` },
      'prompt',
    ],
    [
      'a parameter without description',
      {
        client_tools: [
          { ...TOOL, parameters: { type: 'object', properties: { place: { type: 'string' } } } },
        ],
      },
      'client_tools.0.parameters.properties.place',
    ],
  ])('is given of %s', (_, fields, path) => {
    expect(agentWarnings(agentFile(fields)).map((each) => each.path.join('.'))).toEqual([path])
  })

  it('is not given where a header or the extra body can say whose request it is', () => {
    const headers = { custom_llm: { request_headers: { 'x-conversation-id': ID } } }
    expect(agentWarnings(agentFile({ prompt: '', ...headers }))).toEqual([])
    const extra = { allow_custom_llm_extra_body: true }
    expect(agentWarnings(agentFile({ prompt: '', ...extra }))).toEqual([])
  })
})
