import type { Attempt } from './attempt.ts'
import { missingArguments, toolName, type OfferedTool } from './platform-tools.ts'

/** Something that the platform, or the caller, would have suffered from. */
export interface Fault {
  /** What went wrong, in plain words. */
  readonly what: string
  /** What it would have done to the call. */
  readonly consequence: string
}

/** Platforms end a generation that takes longer. */
export const TOTAL_LIMIT_MS = 20_000
export const MAX_TRIES = 3

const CALL_ENDS = 'the call would have ended (close 1002) after the third try'
const WRONG_WORDS = 'the caller would have heard an answer to something else'

interface TurnExpectation {
  readonly cascadeTimeoutMs: number
  readonly strict: boolean
  /** Tries that the scenario allows for; 3 where the model is slower than one try. */
  readonly allowedTries: number
}

/** Why the platform would ask again after this try; null if it is content. */
export function failureOf(attempt: Attempt, cascadeTimeoutMs: number): string | null {
  if (attempt.status === null) {
    return attempt.ending === 'refused' ? 'no connection' : 'no answer in time'
  }
  if (attempt.status < 200 || attempt.status > 299) return `status ${attempt.status}`
  const [oddity] = attempt.oddities
  if (attempt.firstOutputMs === null) {
    if (oddity !== undefined) return oddity
    return attempt.ending === 'left' || attempt.ending === 'limit'
      ? `no text within ${cascadeTimeoutMs / 1000} s`
      : 'a stream that ended with neither text nor tool call'
  }
  return attempt.firstOutputMs > cascadeTimeoutMs
    ? `no text within ${cascadeTimeoutMs / 1000} s`
    : null
}

/** Judges one live turn: up to three tries, the last of which may have been answered. */
export function judgeTurn(
  tries: readonly Attempt[],
  { cascadeTimeoutMs, strict, allowedTries }: TurnExpectation,
): readonly Fault[] {
  const last = tries.at(-1)
  const first = tries[0]
  if (!last || !first) return []
  const failures = tries.map((attempt) => failureOf(attempt, cascadeTimeoutMs))
  const failure = failures.at(-1) ?? null
  if (failure !== null) {
    const which = tries.length === 1 ? 'the request' : `all ${tries.length} tries`
    const what = `${which} failed: ${unique(failures).join(', ')}`
    return [{ what, consequence: CALL_ENDS }]
  }
  const faults = [...judgeStream(last, { strict })]
  if (tries.length > allowedTries) {
    faults.push({
      what: `only try ${tries.length} was answered, before that: ${unique(failures).join(', ')}`,
      consequence:
        'the caller would have heard silence until then; one more failure and the call ends',
    })
  }
  if (last.endedAt - first.postedAt > TOTAL_LIMIT_MS) {
    faults.push({
      what: `the turn took ${seconds(last.endedAt - first.postedAt)} in all`,
      consequence: 'the call would have ended (close 1002: over 20 seconds)',
    })
  }
  return faults
}

/** How a stream that brought something must look and end. */
function judgeStream(attempt: Attempt, { strict }: { readonly strict: boolean }): readonly Fault[] {
  const faults: Fault[] = attempt.oddities.map((oddity) => ({
    what: `the stream held ${oddity}`,
    consequence: 'a platform may count it as a failed reply and ask again',
  }))
  if (!isWhole(attempt)) faults.push(unfinished(attempt))
  const words = strict ? attempt.text.trim() : attempt.text
  if (words === '' && attempt.calls.length === 0) {
    faults.push({ what: 'the stream held neither text nor tool call', consequence: CALL_ENDS })
  }
  if (isDoubled(attempt.text)) {
    faults.push({
      what: 'the reply came twice in one stream',
      consequence: 'the caller would have heard everything twice',
    })
  }
  return faults
}

/** A request that the platform has given up or overtaken: it may be silent, but it must end. */
export function judgeSuperseded(attempt: Attempt): readonly Fault[] {
  if (attempt.ending === 'left') return []
  if (attempt.status !== null && (attempt.status < 200 || attempt.status > 299)) {
    return [
      {
        what: `an overtaken request got status ${attempt.status}`,
        consequence: 'it would have been repeated',
      },
    ]
  }
  return isWhole(attempt) ? [] : [unfinished(attempt)]
}

interface WordExpectation {
  /** Must come exactly once. */
  readonly says?: string | undefined
  /** Words of other texts. */
  readonly notSays?: readonly string[] | undefined
}

/** Whether the words belong to the text that was asked. */
export function judgeWords(
  text: string,
  { says, notSays = [] }: WordExpectation,
): readonly Fault[] {
  const faults: Fault[] = []
  const times = says === undefined ? 1 : count(text, says)
  if (times === 0)
    faults.push({
      what: `the reply lacks the words that answer the caller`,
      consequence: WRONG_WORDS,
    })
  if (times > 1) {
    faults.push({
      what: `the reply says the same ${times} times`,
      consequence: 'the caller would have heard everything twice',
    })
  }
  if (notSays.some((words) => count(text, words) > 0)) {
    faults.push({
      what: 'the reply answers a text that the caller has replaced',
      consequence: WRONG_WORDS,
    })
  }
  return faults
}

/** Whether the platform can run the calls of a reply as they are. */
export function judgeCalls(
  calls: Attempt['calls'],
  offered: readonly OfferedTool[],
): readonly Fault[] {
  // Names are said only where they are ours: any other is the server's text.
  const faults: Fault[] = offered
    .map(toolName)
    .filter((offeredName) => calls.filter(({ name }) => name === offeredName).length > 1)
    .map((name) => ({
      what: `${name} was called twice in one turn`,
      consequence: 'the platform would have run it twice',
    }))
  for (const { name, arguments: text } of calls) {
    const tool = offered.find((candidate) => toolName(candidate) === name)
    if (!tool) {
      const what = 'a tool was called that the request did not offer'
      faults.push({ what, consequence: 'the call would have come to nothing, or ended' })
      continue
    }
    const missing = missingArguments(tool, text)
    if (missing.length > 0) {
      const what = `${name} was called without ${missing.join(', ')}`
      faults.push({
        what,
        consequence: 'the call is rejected and the same line spoken again, up to three times',
      })
    }
  }
  return faults
}

function isWhole({ ending, isDone }: Attempt): boolean {
  return ending === 'whole' && isDone
}

function unfinished({ ending, isDone }: Attempt): Fault {
  const consequence = 'the platform would have counted it as a failed reply and asked again'
  if (ending === 'limit') return { what: 'the stream did not end', consequence }
  if (ending === 'cut')
    return { what: 'the connection broke in the middle of the stream', consequence }
  return {
    what: isDone ? 'the stream did not end well' : 'the stream ended without [DONE]',
    consequence,
  }
}

/** The whole text twice in a row. */
function isDoubled(text: string): boolean {
  const words = text.trim()
  if (words.length < 16) return false
  const middle = Math.floor(words.length / 2)
  return words.slice(0, middle).trim() === words.slice(-middle).trim()
}

function count(text: string, words: string): number {
  return text.toLowerCase().split(words.toLowerCase()).length - 1
}

function unique<Item>(items: readonly (Item | null)[]): readonly Item[] {
  return [...new Set(items.filter((item) => item !== null))]
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}
