/* What ElevenLabs sends: the agent's prompt, the call so far, the platform's own tools; 8 KB in all. */

const BODY_BYTES = 8192
const KEY = 'conv_01k0000000000000000000000'
const PROMPT =
  'You answer the phone of a clinic. Speak in short sentences and never read out a list. ' +
  'Ask for one thing at a time, repeat names and times, and say when you do not know something. '

const TOOLS = [
  {
    type: 'function',
    function: {
      name: 'end_call',
      description: 'End the call once the caller has said goodbye or wants nothing more.',
      parameters: {
        type: 'object',
        properties: {
          reason: { type: 'string', description: 'Why the call ends' },
          system__message_to_speak: { type: 'string', description: 'A farewell' },
        },
        required: ['reason'],
      },
    },
  },
  {
    type: 'function',
    function: {
      name: 'language_detection',
      description: 'Switch the language when the caller speaks another one.',
      parameters: {
        type: 'object',
        properties: { reason: { type: 'string' }, language: { type: 'string' } },
        required: ['reason', 'language'],
      },
    },
  },
]

const EXCHANGES = [
  { role: 'assistant', content: 'Oak Street clinic, good morning. How can I help you?' },
  { role: 'user', content: 'Hi. I would like to ask something about my next visit.' },
  { role: 'assistant', content: 'Of course. Could you tell me your name, please?' },
  { role: 'user', content: 'Sure, but first: is there a place to park at your door?' },
  { role: 'assistant', content: 'There is, behind the house, and it is free for patients.' },
]

interface Body {
  /** Empty: nothing in it names the conversation. */
  readonly key: string
  readonly said: string
}

export function requestBody({ key, said }: Body): string {
  const encode = (filler: string) =>
    JSON.stringify({
      model: 'clinic-booking',
      messages: [
        { role: 'system', content: `CALL_ID=${key}\n${filler}` },
        ...EXCHANGES,
        { role: 'user', content: said },
      ],
      tools: TOOLS,
      temperature: 0.3,
      max_tokens: 600,
      stream: true,
      elevenlabs_extra_body: {},
      user_id: 'caller-1',
    })
  const missing = BODY_BYTES - encode('').length
  return encode(PROMPT.repeat(Math.ceil(missing / PROMPT.length)).slice(0, missing))
}

const [BEFORE_KEY = '', AFTER_KEY = ''] = requestBody({
  key: KEY,
  said: 'Then I would like to book an appointment for next week, please.',
}).split(KEY)

const HEAD =
  'POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n' +
  `accept: text/event-stream\r\ncontent-length: ${BODY_BYTES}\r\n\r\n`

let conversations = 0

/** The key of a conversation that nobody has heard of. */
export function newKey(): string {
  conversations += 1
  return `conv_${String(conversations).padStart(KEY.length - 5, '0')}`
}

/** A whole HTTP request, of a new conversation. */
export function nextRequest(): string {
  return HEAD + BEFORE_KEY + newKey() + AFTER_KEY
}
