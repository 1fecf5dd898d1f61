import type { ClientOptions } from 'ws'
import { expect } from 'vitest'
import { dialLine, type Frame, type VoiceLine } from '../../support/voice-line.ts'

/** Twilio's side of a call: its frames, and what it would have spoken. */
export interface RelayLine extends VoiceLine {
  prompt(voicePrompt: string, more?: Frame): void
  interrupt(utteranceUntilInterrupt?: string): void
  /** All tokens of the next text that was ended, as one. */
  answer(): Promise<string>
  /** The next token of a text that is still open. */
  token(): Promise<string>
  /** The next frame of that type. */
  frame(type: string): Promise<Frame>
}

interface RelayOptions extends ClientOptions {
  readonly path?: string
  readonly setup?: Frame
}

const SETUP = {
  type: 'setup',
  sessionId: 'VX1',
  accountSid: 'AC1',
  callSid: 'CA1',
  from: '+14151234567',
  to: '+18881234567',
  direction: 'inbound',
  callType: 'PSTN',
}

export async function dialRelay(
  url: string,
  { path = '/conversation-relay', setup = {}, ...options }: RelayOptions = {},
): Promise<RelayLine> {
  const line = await dialLine(url + path, options)
  line.send({ ...SETUP, ...setup })
  let read = 0

  async function next(fits: (frame: Frame) => boolean): Promise<readonly Frame[]> {
    const found = await line.next(fits, read)
    const passed = line.frames.slice(read, line.frames.indexOf(found, read) + 1)
    read += passed.length
    passed.forEach(expectDocumented)
    return passed
  }

  return {
    ...line,
    prompt: (voicePrompt, more = {}) =>
      line.send({ type: 'prompt', voicePrompt, lang: 'en-US', last: true, ...more }),
    interrupt: (utteranceUntilInterrupt) =>
      line.send({ type: 'interrupt', utteranceUntilInterrupt, durationUntilInterruptMs: '460' }),
    async answer() {
      const frames = await next((frame) => frame.type === 'text' && frame.last === true)
      return frames.map(({ token }) => (typeof token === 'string' ? token : '')).join('')
    },
    async token() {
      const frames = await next((frame) => frame.type === 'text' && frame.last === false)
      return String(frames.at(-1)?.token)
    },
    async frame(type) {
      const frames = await next((frame) => frame.type === type)
      return frames.at(-1) ?? {}
    },
  }
}

/** The keys that the platform documents, by the frame's type. */
const DOCUMENTED: Readonly<Record<string, readonly string[]>> = {
  text: ['token', 'last', 'lang', 'interruptible', 'preemptible'],
  play: ['source', 'loop', 'interruptible', 'preemptible'],
  sendDigits: ['digits'],
  language: ['ttsLanguage', 'transcriptionLanguage'],
  end: ['handoffData'],
}

/** The platform drops a frame with anything else, and tells nobody but its own log. */
function expectDocumented({ type, ...fields }: Frame): void {
  expect(DOCUMENTED).toHaveProperty(String(type))
  const allowed = DOCUMENTED[String(type)] ?? []
  expect(allowed).toEqual(expect.arrayContaining(Object.keys(fields)))
  if (type === 'text') {
    expect(fields).toMatchObject({
      token: expect.any(String) as string,
      last: expect.any(Boolean) as boolean,
    })
  }
  if (type === 'end' && 'handoffData' in fields) {
    expect(typeof fields.handoffData).toBe('string')
    expect(typeof JSON.parse(String(fields.handoffData))).toBe('object')
  }
}
