import { fillerAt, fillerTexts, type Filler } from '../../flow/filler.ts'
import type { ToolDefinition } from '../../flow/tool-definition.ts'
import { lastFiller, nextFiller } from './filler-choice.ts'
import type { LiveTurn } from './live-turn.ts'
import { sayWords } from './speak.ts'

/** Keeps those who listen to a turn company while nothing else can be said. */
export interface Fillers {
  /**
   * From now on nothing can be said, because of the tool if one runs. To be called back once that is
   * over; again does nothing.
   */
  wait(tool?: ToolDefinition): () => void
  /** Something was said: the next one is due later. */
  spoke(): void
  /** Somebody came to listen, or left. */
  audienceChanged(): void
  /** None is said any more. */
  end(): void
}

interface Options {
  /** False: nothing is ever said, and nothing timed. */
  readonly isWanted: boolean
  readonly turn: () => LiveTurn
  /** Somebody listens to a stream: an answer in one body must not begin with such words. */
  readonly isStreamed: () => boolean
}

const NO_FILLERS: Fillers = {
  wait: () => () => undefined,
  spoke: () => undefined,
  audienceChanged: () => undefined,
  end: () => undefined,
}

/** The fillers of a turn. */
export function createFillers(options: Options): Fillers {
  return options.isWanted ? createTimedFillers(options) : NO_FILLERS
}

interface Wait {
  readonly tool: ToolDefinition | undefined
}

function createTimedFillers({ turn, isStreamed }: Options): Fillers {
  const waits = new Set<Wait>()
  const said = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let armedFor = Infinity
  /** The request's arrival, or the last text. */
  let spokeAt: number | undefined
  let isOver = false

  /** What is said next and when, as things stand; null: nothing. */
  function upcoming() {
    const live = turn()
    const isSilent = isOver || live.signal.aborted || live.journalled.status !== 'running'
    if (isSilent || waits.size === 0 || !isStreamed()) return null
    const filler = fillerFor(live, waits)
    if (!filler) return null
    const texts = fillerTexts(filler, live.position.variables['language'])
    const [only] = texts
    if (only === undefined || (texts.length === 1 && said.has(only))) return null
    const isAgain = live.journalled.pieces.at(-1)?.type === 'filler'
    spokeAt ??= arrivalOf(live)
    return { texts, at: spokeAt + (isAgain ? filler.again_after_ms : filler.after_ms) }
  }

  function arm(): void {
    const next = upcoming()
    const at = next?.at ?? Infinity
    if (at === armedFor) return
    clearTimeout(timer)
    armedFor = at
    if (next) timer = setTimeout(ring, Math.max(0, next.at - performance.now()))
  }

  function ring(): void {
    armedFor = Infinity
    const next = upcoming()
    if (next && next.at <= performance.now()) say(next.texts)
    arm()
  }

  function say(texts: readonly string[]): void {
    const live = turn()
    const text = nextFiller(texts, lastFiller(live.prepared.journal, live.journalled))
    said.add(text)
    // Who hears it slowly does not hold the turn up.
    void sayWords(live, text, 'filler')
    live.metrics.filler()
  }

  return {
    wait(tool) {
      const wait = { tool }
      waits.add(wait)
      arm()
      return () => {
        if (waits.delete(wait)) arm()
      }
    },
    spoke() {
      spokeAt = performance.now()
    },
    audienceChanged: arm,
    end() {
      isOver = true
      clearTimeout(timer)
    },
  }
}

/** On this process's own clock: the journal's, which is a store's, can be set back while a turn waits. */
function arrivalOf({ journalled, now }: LiveTurn): number {
  return performance.now() - Math.max(0, now() - journalled.startedAt)
}

/** That of the first of the running tools that has one; else that of the state. */
function fillerFor({ settings, position }: LiveTurn, waits: ReadonlySet<Wait>): Filler | null {
  const top = settings.filler ?? undefined
  const state = settings.flow.states[position.state]?.filler
  let isToolRunning = false
  for (const { tool } of waits) {
    if (!tool) continue
    isToolRunning = true
    const filler = fillerAt({ top, state, tool: tool.filler })
    if (filler) return filler
  }
  return isToolRunning ? null : fillerAt({ top, state, tool: undefined })
}
