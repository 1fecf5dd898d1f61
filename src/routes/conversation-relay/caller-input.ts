/** What the caller said so far, of one utterance: the platform may send it piece by piece. */
export interface Utterance {
  add(text: string): void
  /** All of it; the next piece begins another utterance. */
  take(): string
}

/** Beyond that it is no speech. */
const MAX_CHARACTERS = 100_000

/**
 * A piece that begins as what was heard so far is the newer version of it; any other goes on after it,
 * so that no word is lost.
 */
export function createUtterance(): Utterance {
  let heard = ''
  return {
    add(text) {
      const piece = text.trim()
      if (piece === '') return
      const isVersion = heard === '' || firstWord(piece) === firstWord(heard)
      heard = (isVersion ? piece : `${heard} ${piece}`).slice(0, MAX_CHARACTERS)
    },
    take() {
      const whole = heard
      heard = ''
      return whole
    },
  }
}

function firstWord(text: string): string {
  return /[\p{L}\p{N}]+/u.exec(text)?.[0].toLowerCase() ?? ''
}

/** Keys that the caller presses, one after the other. */
export interface KeyInput {
  press(digit: string): void
  /** Keys that nobody was told of yet. */
  take(): string
}

interface KeyInputOptions {
  readonly gapMs: number
  /** Called when the input is complete. */
  readonly onInput: (digits: string) => void
  readonly gone: AbortSignal
}

const MAX_KEYS = 64

/** Keys within a short time of each other are one input: a number of several digits is no several answers. */
export function createKeyInput({ gapMs, onInput, gone }: KeyInputOptions): KeyInput {
  let digits = ''
  let timer: NodeJS.Timeout | undefined
  gone.addEventListener('abort', () => clearTimeout(timer), { once: true })

  function take(): string {
    clearTimeout(timer)
    const whole = digits
    digits = ''
    return whole
  }

  return {
    take,
    press(digit) {
      const keys = digit.replace(/[^0-9*#A-D]/gi, '')
      if (keys === '' || gone.aborted) return
      clearTimeout(timer)
      digits += keys
      if (gapMs === 0 || digits.endsWith('#') || digits.length >= MAX_KEYS) onInput(take())
      else timer = setTimeout(() => onInput(take()), gapMs)
    },
  }
}
