import { randomUUID } from 'node:crypto'
import { TurnstateError } from '../../src/errors.ts'
import type { SharedStore } from '../../src/store/shared-store.ts'
import {
  createShared,
  createState,
  fresh,
  type Command,
  type Shared,
  type State,
} from './process-store-state.ts'

/*
 * A shared store in the memory of one process, for tests that try many interleavings of several
 * instances. What Redis itself does is tested with Redis.
 */

/** One instance's way to the store, and what a test can do to it. */
export interface ProcessInstance {
  readonly store: SharedStore
  /** Cuts the instance off from the store, or lets it back. */
  setUp(isUp: boolean): void
  /** So many of the next writes are made, and the instance is told that the store is away. */
  loseReplies(count: number): void
  /** The next so many messages about changed records do not arrive here. */
  loseMessages(count: number): void
  /** Others take it for dead, though it goes on: it stalled. */
  setAlive(isAlive: boolean): void
  /** The process died: nothing that it still does reaches the store. */
  kill(): void
  /** Commands that reached the store. */
  commands(): readonly Command[]
}

export interface ProcessStore {
  /** Another instance of the server. */
  join(name?: string): ProcessInstance
  /** All is gone, as after a restart without its data. */
  wipe(): void
  /** Cuts all instances off, or lets them back. */
  setUp(isUp: boolean): void
  /** The fields of a record as they stand. */
  fieldsOf(id: string): Readonly<Record<string, string>>
}

interface Options {
  /** Milliseconds; what is kept is forgotten by it. */
  readonly now?: () => number
  /** Awaited before each command, and between it and its answer: where others come in between. */
  readonly pause?: () => Promise<void>
}

export function createProcessStore(options: Options = {}): ProcessStore {
  const { now = () => performance.now(), pause = () => Promise.resolve() } = options
  const shared = createShared(now)
  const instances: ProcessInstance[] = []

  return {
    join(name = randomUUID()) {
      const instance = joinStore(shared, name, pause)
      instances.push(instance)
      return instance
    },
    wipe() {
      for (const kept of [shared.records, shared.claims, shared.marks, shared.due]) kept.clear()
    },
    setUp(isUp) {
      for (const instance of instances) instance.setUp(isUp)
    },
    fieldsOf: (id) => Object.fromEntries(fresh(shared, shared.records, id)?.fields ?? []),
  }
}

function joinStore(shared: Shared, name: string, pause: () => Promise<void>): ProcessInstance {
  const state = createState(shared, name)
  const link = createLink(pause)
  shared.live.add(name)
  const listeners: ((id: string) => void)[] = []
  let lostMessages = 0
  shared.listeners.set(name, (id) => {
    if (!link.isUp()) return
    if (lostMessages > 0) lostMessages--
    else for (const listener of listeners) listener(id)
  })
  const setAlive = (isAlive: boolean) => {
    if (isAlive) shared.live.add(name)
    else shared.live.delete(name)
  }

  return {
    store: {
      ...linked(state, link),
      instance: name,
      now: shared.now,
      isUp: link.isUp,
      onUpChange: link.onUpChange,
      onRecordChange: (listener) => void listeners.push(listener),
      close: async () => setAlive(false),
    },
    setUp: link.setUp,
    loseReplies: link.loseReplies,
    loseMessages: (lost) => void (lostMessages = lost),
    setAlive,
    kill() {
      setAlive(false)
      link.cut()
    },
    commands: link.commands,
  }
}

/** Every command goes over the instance's link. */
function linked(state: State, { send }: Link): State {
  return {
    readRecord: (id, known) => send('readRecord', () => state.readRecord(id, known)),
    writeRecord: (id, change) => send('writeRecord', () => state.writeRecord(id, change)),
    isAlive: (instance) => send('isAlive', () => state.isAlive(instance)),
    claim: (id, options) => send('claim', () => state.claim(id, options)),
    readClaim: (id) => send('readClaim', () => state.readClaim(id)),
    finishClaim: (id, token, finish) =>
      send('finishClaim', () => state.finishClaim(id, token, finish)),
    releaseClaim: (id, token) => send('releaseClaim', () => state.releaseClaim(id, token)),
    mark: (id, ttlMs) => send('mark', () => state.mark(id, ttlMs)),
    isMarked: (id) => send('isMarked', () => state.isMarked(id)),
    schedule: (member, afterMs) => send('schedule', () => state.schedule(member, afterMs)),
    unschedule: (member) => send('unschedule', () => state.unschedule(member)),
    takeDue: (options) => send('takeDue', () => state.takeDue(options)),
  }
}

interface Link {
  readonly send: <T>(command: Command, work: () => Promise<T>) => Promise<T>
  readonly isUp: () => boolean
  readonly onUpChange: (listener: (isUp: boolean) => void) => void
  readonly setUp: (isUp: boolean) => void
  /** For good. */
  readonly cut: () => void
  readonly loseReplies: (count: number) => void
  readonly commands: () => readonly Command[]
}

const READS: ReadonlySet<Command> = new Set(['readRecord', 'isAlive', 'readClaim', 'isMarked'])

function createLink(pause: () => Promise<void>): Link {
  const sent: Command[] = []
  const listeners: ((isUp: boolean) => void)[] = []
  let up = true
  let isCut = false
  let lostReplies = 0

  const setUp = (isUp: boolean) => {
    if (isCut || isUp === up) return
    up = isUp
    for (const listener of listeners) listener(isUp)
  }

  const link: Link = {
    async send(command, work) {
      await pause()
      if (!up) throw unavailable()
      sent.push(command)
      const answer = await work()
      await pause()
      const isLost = lostReplies > 0 && !READS.has(command)
      if (isLost) lostReplies--
      if (isLost || !link.isUp()) throw unavailable()
      return answer
    },
    isUp: () => up,
    onUpChange: (listener) => void listeners.push(listener),
    setUp,
    cut() {
      setUp(false)
      isCut = true
    },
    loseReplies: (count) => void (lostReplies = count),
    commands: () => sent,
  }
  return link
}

function unavailable(): TurnstateError {
  return new TurnstateError('store_unavailable', 'The store cannot be reached now.')
}
