import { backslash, backtick, star, tilde, underscore } from './emphasis.ts'
import { brace, bracket, bracketEnd, citation, exclamation, parenthesis } from './brackets.ts'
import { isPlain, isSymbol, plainEnd } from './characters.ts'
import type { Construct, Match, Place, Step, Swallow } from './construct.ts'
import { symbol } from './emoji.ts'
import { lineMark } from './line-marks.ts'
import {
  createSpacing,
  isClean,
  notePassed,
  spokenBefore,
  takeOutput,
  writeEnd,
  writeGap,
  writeNewline,
  writeText,
} from './spacing.ts'
import { stageDirection } from './stage-direction.ts'
import { angle } from './tags.ts'
import { slash, wordStart } from './urls.ts'

export interface SpeechFilterOptions {
  /** `break`: SSML `<break time="1s"/>`; `tags`: words in brackets, as in `[warmly]`. */
  readonly allow: readonly ('break' | 'tags')[]
}

/** Takes out of one streamed answer what a voice must not read. */
export interface SpeechFilter {
  push(text: string): string
  /** What was held back to the last: the text is over. */
  end(): string
}

/** A filter for one answer of a model; the same text cut elsewhere gives the same words. */
export function createSpeechFilter(options: SpeechFilterOptions): SpeechFilter {
  const read = createReader(options)
  const spacing = createSpacing()
  let pending = ''
  let before = ''
  let isLineStart = true
  let swallow: Swallow | undefined

  const apply = (step: Step, at: number): void => {
    if (step.text === '\n') writeNewline(spacing)
    else if (step.text !== undefined) writeText(spacing, step.text)
    if (step.gap) writeGap(spacing, step.gap)
    if (step.swallow || step.gap === 'content') before = ''
    else if (step.taken > 0) before = lastCharacter(pending.slice(at, at + step.taken))
    isLineStart = step.text === '\n' || (isLineStart && step.staysAtLineStart === true)
    swallow = step.swallow
  }

  const scan = (isFinal: boolean): void => {
    let at = 0
    while (at < pending.length) {
      if (swallow) {
        const { taken, isOver } = swallow(pending, at, isFinal)
        at += taken
        if (!isOver) break
        swallow = undefined
        continue
      }
      const place = { text: pending, at, isFinal, before, isLineStart, ...spokenBefore(spacing) }
      const step = read(place)
      if (step === 'more') break
      apply(step, at)
      at += step.taken
    }
    pending = pending.slice(at)
  }

  return {
    push(text) {
      if (pending === '' && !swallow && !isLineStart && isClean(spacing) && isPlain(text)) {
        if (text === '') return text
        before = text.charAt(text.length - 1)
        notePassed(spacing, text)
        return text
      }
      pending += text
      scan(false)
      return takeOutput(spacing)
    },
    end() {
      scan(true)
      writeEnd(spacing)
      pending = ''
      return takeOutput(spacing)
    },
  }
}

function lastCharacter(text: string): string {
  const last = text.slice(-1)
  return last >= '\uDC00' && last <= '\uDFFF' ? text.slice(-2) : last
}

/** Reads the next construct, or else the ordinary text up to the next one. */
function createReader(options: SpeechFilterOptions): (place: Place) => Step | 'more' {
  const allowsTags = options.allow.includes('tags')
  const allowsBreak = options.allow.includes('break')
  const constructs: Readonly<Record<string, Construct>> = {
    '*': star,
    _: underscore,
    '~': tilde,
    '`': backtick,
    '\\': backslash,
    '[': (place) => bracket(place, allowsTags),
    ']': bracketEnd,
    '!': exclamation,
    '(': parenthesis,
    '\uFF08': (place) => stageDirection(place, '\uFF09'),
    '\u3010': citation,
    '{': brace,
    '<': (place) => angle(place, allowsBreak),
    '/': slash,
    '|': () => ({ taken: 1, gap: 'join' }),
    '\u2022': () => ({ taken: 1, gap: 'join' }),
    '\n': () => ({ taken: 1, text: '\n' }),
    h: wordStart,
    w: wordStart,
    f: wordStart,
  }
  const inline = (place: Place): Match => {
    const char = place.text.charAt(place.at)
    return (isSymbol(char) ? symbol : constructs[char.toLowerCase()])?.(place)
  }
  return (place) => {
    const match = (place.isLineStart ? lineMark(place) : undefined) ?? inline(place)
    if (match) return match
    const end = plainEnd(place.text, place.at)
    return { taken: end - place.at, text: place.text.slice(place.at, end) }
  }
}
