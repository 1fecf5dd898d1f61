import { z } from 'zod'
import type { Change, JournalTurn, Undo } from './journal.ts'
import { KINDS } from './kinds.ts'
import { objectFromJson, toJsonObject } from './lossless-json.ts'

/** Of the form below. What another version wrote is not read. */
const VERSION = 1

/** A turn as the instance that it runs in writes it down; what others may change is not part of it. */
export interface RecordedTurn extends Omit<
  JournalTurn,
  'parent' | 'children' | 'sent' | 'replays' | 'shown' | 'superseded' | 'heardText'
> {
  readonly parent: number | null
  readonly sent: Omit<JournalTurn['sent'], 'isWhole'>
}

const Variables = z
  .custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
  .transform(objectFromJson)

const Position = z.object({ state: z.string(), variables: Variables, enteredAfter: z.number() })

const Transition = z.object({
  from: z.string(),
  to: z.string(),
  requireFull: z.boolean(),
  enteredAfter: z.number(),
  values: Variables.optional(),
})

const Call = z.object({ id: z.string(), name: z.string(), arguments: z.string() })

const RecordedUndo = z
  .object({ name: z.string(), arguments: z.string() })
  .transform((undo): Undo => ({ ...undo, status: 'due' }))

const Effect = z.object({
  name: z.string(),
  arguments: z.string(),
  status: z.enum(['waiting', 'running', 'ok', 'failed', 'unknown', 'cancelled']),
  exchange: z.number(),
  generation: z.number(),
  given: z.string(),
  undo: RecordedUndo.nullable(),
})

const Recorded = z.object({
  id: z.int().positive(),
  parent: z.int().positive().nullable(),
  kind: z.enum(KINDS),
  exchange: z.number(),
  userText: z.string(),
  start: Position,
  saysOnEntry: z.boolean(),
  transitionsBefore: z.number(),
  refusesWrites: z.boolean(),
  tailKey: z.string(),
  // An older instance does not write it.
  greetingKey: z.string().default(''),
  startedAt: z.number(),
  owner: z.string(),
  pieces: z.array(z.object({ type: z.enum(['filler', 'answer']), text: z.string() })),
  changes: z.array(
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('transition'), transition: Transition }),
      z.object({ type: z.literal('assignment'), values: Variables }),
    ]),
  ),
  serverCalls: z.array(Call.extend({ result: z.string() })),
  effects: z.array(Effect),
  platformCalls: z.array(Call),
  status: z.enum(['running', 'finished', 'failed', 'aborted']),
  finishReason: z.enum(['stop', 'length', 'tool_calls', 'content_filter']),
  endedAt: z.number(),
  sent: z.object({
    characters: z.number(),
    calls: z.number(),
    closedBy: z.enum(['caller', 'server']).nullable(),
  }),
  readBack: z.object({ tool: z.string(), digest: z.string() }).nullable(),
})

const VersionedTurn = z.object({ v: z.literal(VERSION), turn: Recorded })

/** JSON text. Pure. */
export function toRecord(turn: JournalTurn): string {
  const { start, sent } = turn
  const written = {
    id: turn.id,
    parent: turn.parent?.id ?? null,
    kind: turn.kind,
    exchange: turn.exchange,
    userText: turn.userText,
    start: { ...start, variables: toJsonObject(start.variables) },
    saysOnEntry: turn.saysOnEntry,
    transitionsBefore: turn.transitionsBefore,
    refusesWrites: turn.refusesWrites,
    tailKey: turn.tailKey,
    greetingKey: turn.greetingKey,
    startedAt: turn.startedAt,
    owner: turn.owner,
    pieces: turn.pieces,
    changes: turn.changes.map(toWrittenChange),
    serverCalls: turn.serverCalls,
    effects: turn.effects.map(({ undo, ...effect }) => ({
      ...effect,
      undo: undo && { name: undo.name, arguments: undo.arguments },
    })),
    platformCalls: turn.platformCalls,
    status: turn.status,
    finishReason: turn.finishReason,
    endedAt: turn.endedAt,
    sent: { characters: sent.characters, calls: sent.calls, closedBy: sent.closedBy },
    readBack: turn.readBack,
    // A field that a turn gets later must be written too: then this does not compile.
  } satisfies Readonly<Record<keyof RecordedTurn, unknown>>
  return JSON.stringify({ v: VERSION, turn: written })
}

function toWrittenChange(change: Change): unknown {
  if (change.type === 'assignment') return { ...change, values: toJsonObject(change.values) }
  const { values, ...transition } = change.transition
  return {
    ...change,
    transition: values ? { ...transition, values: toJsonObject(values) } : transition,
  }
}

/** Null for what is broken, or was written by another version. */
export function turnFromRecord(text: string): RecordedTurn | null {
  try {
    const read = VersionedTurn.safeParse(JSON.parse(text))
    return read.success ? read.data.turn : null
  } catch {
    return null
  }
}
