import { ask } from '../ask.ts'
import { expectOneModelCall } from '../count-checks.ts'
import type { Json } from '../json.ts'
import { GREETING, user, type Message } from '../messages.ts'
import { SKIP_TURN } from '../platform-tools.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { newWord } from '../unique-word.ts'

const HUGE_CHARACTERS = 300_000
const NESTING = 64

/** One request body that servers must take; the caller's words come last. */
interface BodyForm {
  readonly body?: (id: string) => Json
  readonly before?: readonly Message[]
  readonly asParts?: boolean
}

const EXTRA_BODIES: Readonly<Record<string, BodyForm>> = {
  absent: {},
  present: { body: (id) => ({ elevenlabs_extra_body: { conversation_id: id, tenant: 'shop' } }) },
  empty: { body: () => ({ elevenlabs_extra_body: {} }) },
  'under an alias': { body: () => ({ custom_llm_extra_body: { tenant: 'shop' } }) },
  'under another alias': { body: () => ({ customLlmExtraBody: { tenant: 'shop' } }) },
  huge: { body: () => ({ elevenlabs_extra_body: { text: 'x'.repeat(HUGE_CHARACTERS) } }) },
  nested: { body: () => ({ elevenlabs_extra_body: nested(NESTING) }) },
  'a text': { body: () => ({ elevenlabs_extra_body: 'conv_of_somebody_else' }) },
  'a list': { body: () => ({ elevenlabs_extra_body: [1, null, {}] }) },
  null: { body: () => ({ elevenlabs_extra_body: null }) },
  'with prototype keys': {
    body: () => ({
      elevenlabs_extra_body: JSON.parse('{"__proto__":{"polluted":true},"constructor":1}') as Json,
    }), // parsed, since a literal would set the prototype
  },
  'with a user_id': {
    body: () => ({ user_id: 'user-of-the-rehearsal', elevenlabs_extra_body: { a: 1 } }),
  },
}

const ODD_BODIES: Readonly<Record<string, BodyForm>> = {
  'max_tokens -1': { body: () => ({ max_tokens: -1 }) },
  'temperature null': { body: () => ({ temperature: null }) },
  'unknown keys': {
    body: () => ({ agent_version: 3, thinking_config: { include_thoughts: true } }),
  },
  'an empty tools list': { body: () => ({ tools: [] }) },
  'no model': { body: () => ({ model: undefined }) },
  'no stream options': { body: () => ({ stream_options: undefined }) },
  'content null in the history': {
    before: [user('Hello?'), { role: 'assistant', content: null }],
  },
  'content in parts': { asParts: true },
  'a developer message': { before: [{ role: 'developer', content: 'Be kind.' }] },
  'several assistant messages in a row': {
    before: [{ role: 'assistant', content: 'One moment.' }],
  },
}

export const BODIES: readonly Scenario[] = [
  {
    number: 13,
    name: 'extra-body',
    title: 'The extra body: absent, present, renamed, hostile; a user_id',
    play: (stage) => playForms(stage, EXTRA_BODIES),
  },
  {
    number: 14,
    name: 'odd-bodies',
    title: 'max_tokens -1, nulls, unknown keys, content in parts, empty tools',
    play: (stage) => playForms(stage, ODD_BODIES),
  },
]

async function playForms(stage: Stage, forms: Readonly<Record<string, BodyForm>>): Promise<void> {
  for (const [name, form] of Object.entries(forms)) {
    await playForm(stage, form)
    if (!stage.isOver()) continue
    stage.nameFaults(name)
    return
  }
}

async function playForm(
  stage: Stage,
  { body, before = [], asParts = false }: BodyForm,
): Promise<void> {
  const call = stage.newCall()
  const word = newWord()
  const text = `Please say ${word}.`
  const last = asParts ? { role: 'user', content: [{ type: 'text', text }] } : user(text)
  const fields = body?.(call.id) ?? {}
  await ask(stage, call, {
    messages: [GREETING, ...before, last],
    ...(!('tools' in fields) && { tools: [SKIP_TURN] }),
    body: fields,
    says: word,
  })
  expectOneModelCall(stage, call, word)
}

function nested(depth: number): Json {
  return depth === 0 ? {} : { a: nested(depth - 1) }
}
