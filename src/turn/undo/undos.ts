import { type Journal, type JournalTurn } from '../../conversation/journal.ts'
import { positionAfter } from '../../conversation/position-after.ts'
import type { Ledger } from '../../effects/ledger.ts'
import type { Log } from '../../observability/log.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { ToolOutcome, ToolRunner } from '../../tools/tool-runner.ts'
import { undoKey, wishOf } from '../effect-keys.ts'
import type { Journals } from '../journals/journals.ts'
import { outcomeWaitMs } from '../outcome-wait.ts'
import type { PreparedTurn } from '../prepare/prepare-turn.ts'
import type { TurnSettings } from '../settings.ts'
import {
  mayBeUndone,
  noteUndo,
  undosDecidedBySilence,
  undosLeftOver,
  type DueUndo,
} from './due-undos.ts'
import type { UndoSchedule } from './undo-schedule.ts'

/** Takes back what was done for answers that nobody heard. */
export interface Undos {
  /** A request came: what it decides is undone now, what it leaves open a minute after the last one. */
  requested(prepared: PreparedTurn, due: readonly DueUndo[]): void
  /** Something was done that may have to be undone. */
  watch(id: string): void
  /** Resolves once those of the conversation that take back this wish, and are under way here, have ended. */
  ended(id: string, wish: string): Promise<void>
  /** Resolves once none is under way here. */
  idle(): Promise<void>
}

interface RunningUndo {
  readonly id: string
  readonly wish: string
  readonly ended: Promise<void>
}

interface UndosDependencies {
  readonly settings: TurnSettings
  readonly tools: ToolRunner
  readonly ledger: Ledger
  readonly journals: Journals
  readonly schedule: UndoSchedule
  readonly metrics: Metrics
  readonly log: Log
  readonly now: () => number
}

/** An undo that reaches nobody is given up then: somebody has to look at it. */
const TRY_FOR_MS = 24 * 60 * 60 * 1000

export function createUndos(dependencies: UndosDependencies): Undos {
  const { journals, schedule, settings, log } = dependencies
  const running = new Set<RunningUndo>()

  function begin(id: string, due: DueUndo): void {
    const ended = undo(dependencies, id, due)
      .catch((err: unknown) => log.error({ err }, 'undo broke'))
      .then(() => void running.delete(one))
    const one = { id, wish: wishOf(due.effect), ended }
    running.add(one)
  }

  async function look(id: string): Promise<void> {
    const journal = await journals.peek(id)
    // Only a look: it must not keep a conversation from being forgotten.
    const isDue = journal !== null && dueIn(journal).length > 0
    if (isDue) for (const each of await journals.update(id, takeDue)) begin(id, each)
    // What is begun is looked at once more: this process may die over it.
    const isOpen = journal === null || isDue || mayBeUndone(journal)
    if (isOpen) schedule.schedule(id, settings.undoAfterMs)
    else schedule.unschedule(id)
  }

  schedule.onDue((id) => {
    look(id).catch((err: unknown) => {
      log.warn({ err }, 'undo postponed')
      schedule.schedule(id, settings.undoAfterMs)
    })
  })

  return {
    requested({ identity, journal }, due) {
      for (const each of due) begin(identity, each)
      if (due.length > 0 || mayBeUndone(journal)) schedule.schedule(identity, settings.undoAfterMs)
    },
    watch: (id) => schedule.schedule(id, settings.undoAfterMs),
    async ended(id, wish) {
      const same = [...running].filter((one) => one.id === id && one.wish === wish)
      await Promise.all(same.map(({ ended }) => ended))
    },
    async idle() {
      while (running.size > 0) await Promise.all([...running].map(({ ended }) => ended))
    },
  }
}

/** Silence has decided; what an instance has begun and not ended is asked for once more. */
function dueIn(journal: Journal): readonly DueUndo[] {
  return [...undosDecidedBySilence(journal), ...undosLeftOver(journal)]
}

function takeDue(journal: Journal | null): readonly DueUndo[] {
  if (!journal) return []
  const due = dueIn(journal)
  for (const { effect } of due) noteUndo(journal, effect, 'running')
  return due
}

async function undo(
  { settings, tools, ledger, journals, schedule, metrics, log, now }: UndosDependencies,
  id: string,
  { turn, effect }: DueUndo,
): Promise<void> {
  const { undo: wish } = effect
  const tool = settings.tools[wish.name]
  if (!tool) log.error({ tool: wish.name }, 'the tool of an undo is gone')
  const outcome = await ledger
    .run(undoKey(id, effect), {
      start: (idempotencyKey) => runUndo(tools, { turn, wish, idempotencyKey }),
      isIdempotent: tool?.idempotent === true,
      waitMs: outcomeWaitMs(tool),
    })
    .catch((err: unknown): null => {
      log.warn({ tool: wish.name, err }, 'undo postponed')
      return null
    })
  const isDone = outcome !== null && outcome !== 'barred' && outcome.sent !== false
  const isOver = isDone || !tool || now() - turn.startedAt > TRY_FOR_MS
  const status = isDone ? outcome.status : isOver ? 'failed' : 'due'
  await journals.update(id, (journal) => journal && noteUndo(journal, effect, status))
  if (!isOver) {
    schedule.schedule(id, settings.undoAfterMs)
    return
  }
  log[status === 'ok' ? 'info' : 'error'](
    { tool: wish.name, undid: effect.name, status },
    'undo ran',
  )
  metrics.effect({ tool: wish.name, result: status === 'ok' ? 'undone' : 'undo_failed' })
}

interface UndoRun {
  readonly turn: JournalTurn
  readonly wish: DueUndo['effect']['undo']
  readonly idempotencyKey: string
}

async function runUndo(
  tools: ToolRunner,
  { turn, wish, idempotencyKey }: UndoRun,
): Promise<ToolOutcome> {
  const parsed = tools.parseArguments(wish.name, wish.arguments)
  if (!parsed.ok) return { status: 'failed', content: parsed.problem }
  const { variables } = positionAfter(turn, 'full')
  return tools.run(wish.name, parsed.value, {
    // Nobody waits for it: it ends by its own limit.
    signal: new AbortController().signal,
    values: { ...variables },
    idempotencyKey,
  })
}
