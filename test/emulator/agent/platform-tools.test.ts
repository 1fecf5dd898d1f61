import { describe, expect, it, onTestFinished } from 'vitest'
import { AgentFile } from '../../../src/emulator/agent/agent-file.ts'
import { createPlatformTools } from '../../../src/emulator/agent/platform-tools-of-agent.ts'
import { startWebhookServer, type WebhookServer } from '../../support/webhook-server.ts'

function platformTools(fields: object, timing: { readonly webhookMs?: number } = {}) {
  return createPlatformTools(AgentFile.parse({ agent_id: 'clinic', ...fields }), timing)
}

const TRANSFERS = [
  { agent_id: 'sales', condition: 'buys' },
  { agent_id: 'billing', condition: 'pays', transfer_message: 'To billing.', delay_ms: 300 },
]
const NUMBERS = [
  { transfer_number: '+4930' },
  { transfer_number: 'sip:desk@x', transfer_type: 'sip_refer' },
]

describe('a system tool', () => {
  const tools = platformTools({
    system_tools: [
      'end_call',
      'skip_turn',
      'play_keypad_touch_tone',
      { name: 'language_detection', languages: ['en', 'de'] },
      { name: 'voicemail_detection', voicemail_message: 'Call back, please.' },
      { name: 'transfer_to_agent', transfers: TRANSFERS },
      { name: 'transfer_to_number', transfers: NUMBERS },
    ],
  })
  const reason = 'r'

  it.each<[string, object, object, string, boolean]>([
    [
      'end_call',
      { reason, message: 'Bye!' },
      { status: 'success', reason, message: 'Bye!' },
      'Bye!',
      true,
    ],
    [
      'end_call',
      { reason, system__message_to_speak: 'Bye!' },
      { status: 'success', reason, message: 'Bye!' },
      'Bye!',
      true,
    ],
    ['skip_turn', {}, { status: 'success', reason: null }, '', false],
    [
      'language_detection',
      { reason, language: 'de' },
      { status: 'success', reason, language: 'de' },
      '',
      false,
    ],
    [
      'voicemail_detection',
      { reason },
      { status: 'success', voicemail_message: 'Call back, please.', reason },
      'Call back, please.',
      true,
    ],
    [
      'play_keypad_touch_tone',
      { dtmf_tones: '12w#' },
      { status: 'success', dtmf_tones: '12w#', reason: null },
      '',
      false,
    ],
    [
      'transfer_to_agent',
      { agent_number: 1 },
      {
        status: 'success',
        from_agent: 'clinic',
        to_agent: 'billing',
        to_node: null,
        condition: 'pays',
        delay_ms: 300,
        transfer_message: 'To billing.',
        enable_transferred_agent_first_message: false,
        branch_info: null,
      },
      'To billing.',
      false,
    ],
    [
      'transfer_to_number',
      { transfer_number: '+4930', client_message: 'One moment.', agent_message: 'A caller.' },
      {
        status: 'success',
        transfer_number: '+4930',
        reason: null,
        client_message: 'One moment.',
        agent_message: 'A caller.',
        conference_name: 'emulated',
        post_dial_digits: null,
        note: null,
      },
      'One moment.',
      true,
    ],
    [
      'transfer_to_number',
      {
        transfer_number: 'sip:desk@x',
        reason,
        system__message_to_speak: 'Wait.',
        agent_message: 'A',
      },
      { status: 'success', transfer_number: 'sip:desk@x', reason, note: null },
      'Wait.',
      true,
    ],
  ])('%s with %j reports %j', (name, args, result, spokenText, endsConversation) => {
    const { result: text, handover, ...rest } = tools.runSystem(name, JSON.stringify(args))
    expect(JSON.parse(text)).toEqual(result)
    expect(rest).toEqual({ isError: false, spokenText, endsConversation })
    expect(handover?.agentId).toBe(name === 'transfer_to_agent' ? 'billing' : undefined)
  })

  it.each<[string, string]>([
    ['language_detection', '{"language":"fr"}'],
    ['play_keypad_touch_tone', '{"dtmf_tones":"hello"}'],
    ['transfer_to_agent', '{"agent_number":2}'],
    ['transfer_to_agent', '{"agent_number":-1}'],
    ['transfer_to_agent', '{"agent_number":"length"}'],
    ['transfer_to_agent', '{}'],
    ['transfer_to_number', '{"transfer_number":"+1900","client_message":"Wait."}'],
    ['made_up', '{}'],
  ])('%s with %s fails, and the conversation goes on in silence', (name, args) => {
    const { result, ...rest } = tools.runSystem(name, args)
    expect(JSON.parse(result)).toMatchObject({
      status: 'error',
      error: expect.any(String) as string,
    })
    expect(rest).toEqual({ isError: true, spokenText: '', endsConversation: false })
  })

  it('says who failed to transfer', () => {
    const { result } = tools.runSystem('transfer_to_agent', '{"agent_number":7}')
    expect(JSON.parse(result)).toHaveProperty('from_agent', 'clinic')
  })

  it.each(['', 'null', '[]', 'no JSON'])('takes %j for no arguments', (text) => {
    expect(tools.runSystem('skip_turn', text).isError).toBe(false)
  })

  it('without a list of languages changes to any', () => {
    const anyLanguage = platformTools({ system_tools: ['language_detection'] })
    expect(anyLanguage.runSystem('language_detection', '{"language":"fr"}').isError).toBe(false)
  })
})

describe('a webhook tool', () => {
  const NEVER = new AbortController().signal

  async function service(): Promise<WebhookServer> {
    const server = await startWebhookServer()
    onTestFinished(() => server.close())
    return server
  }

  function webhook(url: string, fields: object = {}, timing = {}) {
    const tool = { name: 'find', description: 'Find', url, ...fields }
    const tools = platformTools({ webhook_tools: [tool] }, timing)
    return (args: object, signal = NEVER) => tools.runWebhook('find', JSON.stringify(args), signal)
  }

  it('puts arguments into the path and the query of a GET, and its answer is the result', async () => {
    const server = await service()
    server.behave({ type: 'text', text: 'found' })
    const run = webhook(`${server.url}/orders/{id}/lines?v=1`, { headers: { 'x-key': 'k' } })
    expect(await run({ id: 'a/b', day: 'mon & tue', n: 2 })).toEqual({
      result: 'found',
      isError: false,
    })
    expect(server.received).toMatchObject([
      {
        method: 'GET',
        path: '/orders/a%2Fb/lines?v=1&day=mon+%26+tue&n=2',
        headers: { 'x-key': 'k' },
        body: '',
      },
    ])
  })

  it.each(['POST', 'PUT', 'PATCH'])('puts arguments into the body of a %s', async (method) => {
    const server = await service()
    await webhook(`${server.url}/orders/{id}`, { method })({ id: 7, note: { deep: [null] } })
    expect(server.received).toMatchObject([
      {
        method,
        path: '/orders/7',
        headers: { 'content-type': 'application/json' },
        body: '{"note":{"deep":[null]}}',
      },
    ])
  })

  it('says of itself what its own headers say, however they are spelled', async () => {
    const server = await service()
    await webhook(server.url, { method: 'POST', headers: { 'Content-Type': 'text/json' } })({})
    expect(server.received).toMatchObject([{ headers: { 'content-type': 'text/json' } }])
  })

  it.each([{}, { id: '' }, { id: '..' }, { id: null }])(
    'does not go elsewhere with %j',
    async (args) => {
      const server = await service()
      const { isError } = await webhook(`${server.url}/orders/{id}/lines`)(args)
      expect([isError, server.received]).toEqual([true, []])
    },
  )

  it.each<[string, Parameters<WebhookServer['behave']>[0], string]>([
    [
      'an error status',
      { type: 'text', text: 'no', status: 500 },
      'The webhook answered with status 500.',
    ],
    ['a redirect', { type: 'redirect', to: '/elsewhere' }, 'The webhook answered with status 302.'],
    ['a broken connection', { type: 'reset' }, 'The webhook cannot be reached.'],
  ])('with %s is an error, with its reason', async (_, behaviour, error) => {
    const server = await service()
    server.behave(behaviour)
    const { result, isError } = await webhook(server.url)({})
    expect(isError).toBe(true)
    expect(JSON.parse(result)).toMatchObject({ status: 'error', error })
  })

  it.each(['hang', 'half'] as const)(
    'that does not answer in time (%s) is an error',
    async (type) => {
      const server = await service()
      server.behave({ type })
      const { result } = await webhook(server.url, {}, { webhookMs: 40 })({})
      expect(JSON.parse(result)).toEqual({
        status: 'error',
        error: 'The webhook did not answer in time.',
      })
    },
  )

  it('ends with the call', async () => {
    const server = await service()
    server.behave({ type: 'hang' })
    const call = new AbortController()
    const run = webhook(server.url)({}, call.signal)
    await server.waitFor(1)
    call.abort()
    expect((await run).isError).toBe(true)
  })

  it('is read to a bound', async () => {
    const server = await service()
    server.behave({ type: 'huge', bytes: 5_000_000 })
    expect((await webhook(server.url)({})).result).toHaveLength(100_000)
  })

  it('that the agent does not have is an error', async () => {
    const tools = platformTools({})
    expect((await tools.runWebhook('made_up', '{}', NEVER)).isError).toBe(true)
  })
})
