import { expect } from 'vitest'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import { BUILT_IN_FALLBACK } from '../../src/turn/settings.ts'
import type { SharedStore } from '../../src/store/shared-store.ts'
import { toRequest } from './engine.ts'
import { assistant, user } from './history.ts'
import { ask, type Caller } from './instances-caller.ts'
import { pass, settle } from './instances-clock.ts'
import { INSTANCES, type Script, type Step } from './instances-steps.ts'
import { createWorld, type World } from './instances-world.ts'
import { ID } from './instances-stage.ts'
import { startInstance, type Instance } from './instances.ts'
import { createProcessStore, type ProcessInstance } from './process-shared-store.ts'
import { uniqueWord } from './plain-caller.ts'

/** After so long without a sign of life others take an instance for dead. */
const DEAD_AFTER_MS = 4000
const TURN_LIMIT_MS = 20_000
/** It is tried for 5 s to decide about a request, and commands take their time here. */
const SLACK_MS = 8000
/** By then all limits are over, one after the other. */
const QUIET_AFTER_MS = 45_000
const CALM_STEP_MS = 100
const UNDO_AFTER_MS = 5000

type Messages = readonly ConversationMessage[]

interface Member extends Instance, ProcessInstance {
  readonly name: string
  readonly isDead: () => boolean
  readonly die: () => void
}

/** A request, as the platform has sent it. */
interface Sent {
  readonly messages: Messages
  readonly by: Member
  readonly at: number
  caller: Caller | null
  refused: string | null
  endedAt: number | null
  hasHungUp: boolean
}

/** One conversation at several instances that fail, and a world in which everything may happen once. */
export function createPlay(script: Script) {
  const world = createWorld(script)
  const shared = createProcessStore({ pause: pauseOf(script.pauses) })
  const members: Member[] = []
  const sent: Sent[] = []
  const claimedInVain: string[] = []
  let names = 0
  let words = 0
  let history: Messages = []
  let open = ''

  const speech = () => `please ${uniqueWord(5000 + ++words)} ${uniqueWord(5000 + ++words)}`
  for (let index = 0; index < INSTANCES; index++) members.push(start())

  function start(): Member {
    const name = `i${++names}`
    const link = shared.join(name)
    let isDead = false
    const member = {
      upstream: world.upstreamOf(name, () => isDead),
      tools: world.toolsOf(name, () => isDead),
    }
    const store = withBars(link.store, {
      fieldsOf: (record) => shared.fieldsOf(record),
      onBarred: (id) => void claimedInVain.push(id),
    })
    const settings = { undoAfterMs: UNDO_AFTER_MS }
    const instance = startInstance({ ...member, store, settings })
    return { ...link, ...instance, name, isDead: () => isDead, die: () => void (isDead = true) }
  }

  function memberAt(index: number): Member {
    const member = members[index % members.length]
    if (!member) throw new Error('there is no instance')
    return member
  }

  function send(by: Member): void {
    const messages = [...history, user(open)]
    const request: Sent = {
      ...{ messages, by, at: performance.now(), caller: null, refused: null },
      ...{ endedAt: null, hasHungUp: false },
    }
    sent.push(request)
    ask(by, messages).then(
      (caller) => {
        request.caller = caller
        void caller.end.then(() => (request.endedAt = performance.now()))
        if (request.hasHungUp) caller.hangUp()
      },
      (error: unknown) => {
        request.refused = String((error as { code?: unknown }).code ?? error) // whatever it is
        request.endedAt = performance.now()
      },
    )
  }

  function hangUp(request: Sent): void {
    request.hasHungUp = true
    request.caller?.hangUp()
  }

  /** Something of an answer to what is open was heard: all of it, or its first words. */
  function hear(isWhole: boolean, pick: number): void {
    const heard = sent.filter(({ messages, caller, hasHungUp, by }) => {
      if (!caller || hasHungUp || by.isDead() || caller.text().trim() === '') return false
      if (caller.text().includes(BUILT_IN_FALLBACK)) return false
      return messages.at(-1)?.text === open && (!isWhole || caller.isOver())
    })
    const chosen = heard.at(-1 - (pick % Math.max(1, heard.length)))
    if (!chosen?.caller) return
    const text = chosen.caller.text().trim()
    const part = text.split(' ').slice(0, 1 + pick)
    history = [...history, user(open), assistant(isWhole ? text : part.join(' '))]
    for (const request of sent) if (request.messages.at(-1)?.text === open) hangUp(request)
    open = speech()
  }

  function say(what: Extract<Step, { type: 'ask' }>['what'], pick: number): void {
    if (open === '' || what === 'other') open = speech()
    else if (what === 'more') open = `${open} ${uniqueWord(5000 + ++words)}`
    else if (what === 'less') open = open.split(' ').slice(0, -1).join(' ') || speech()
    else if (what !== 'again') hear(what === 'next', pick)
  }

  function kill(index: number, isNoticed: boolean): void {
    const dead = memberAt(index)
    dead.die()
    for (const request of sent) if (request.by === dead) hangUp(request)
    dead.close()
    dead.setUp(false)
    if (isNoticed) dead.kill()
    else setTimeout(() => dead.kill(), DEAD_AFTER_MS)
    members[members.indexOf(dead)] = start()
  }

  function goAway(member: Member, forMs: number): void {
    member.setUp(false)
    const unseen = setTimeout(() => member.setAlive(false), DEAD_AFTER_MS)
    setTimeout(() => {
      clearTimeout(unseen)
      if (member.isDead()) return
      member.setAlive(true)
      member.setUp(true)
    }, forMs)
  }

  return {
    world,
    sent,
    async take(step: Step): Promise<void> {
      switch (step.type) {
        case 'ask':
          say(step.what, step.pick)
          send(memberAt(step.at))
          break
        case 'hang up': {
          const request = sent.at(-1 - (step.pick % Math.max(1, sent.length)))
          if (request) hangUp(request)
          break
        }
        case 'kill':
          kill(step.at, step.isNoticed)
          break
        case 'outage':
          for (const [index, member] of members.entries()) {
            if (step.at === 'all' || step.at === index) goAway(member, step.forMs)
          }
          break
        case 'lose replies':
          memberAt(step.at).loseReplies(1)
          break
        case 'lose messages':
          memberAt(step.at).loseMessages(2)
      }
      await settle()
      await pass(step.waitMs)
    },
    close() {
      for (const member of members) member.close()
    },
    /** Nobody asks any more, and nothing fails. */
    calm: () => pass(QUIET_AFTER_MS, CALM_STEP_MS),
    checkAnswers(isKind: boolean) {
      for (const request of sent) checkAnswer(request, isKind)
    },
    checkWorld() {
      checkWorld(world)
      expect(claimedInVain).toEqual([])
    },
    async checkRest(): Promise<void> {
      const alive = new Set(members.map(({ name }) => name))
      expect(world.openCalls().filter((name) => alive.has(name))).toEqual([])
      const looks = []
      for (const { journals } of members) looks.push(soon(journals.peek(ID)))
      for (const look of looks) {
        for (const { status, id, owner, effects } of (await look)?.turns ?? []) {
          expect({ id, owner, status }).not.toMatchObject({ status: 'running' })
          const mayBeOpen = alive.has(owner) ? [] : ['running']
          const left = effects.map((effect) => effect.status).filter(isOpen)
          expect({ id, owner, left: left.filter((it) => !mayBeOpen.includes(it)) }).toEqual({
            ...{ id, owner, left: [] },
          })
        }
      }
      const views = []
      const request = toRequest([...history, user(open === '' ? speech() : open)])
      for (const { engine } of members) views.push(await soon(engine.derive(request)))
      for (const view of views) expect(view).toEqual(views[0])
    },
  }
}

const isOpen = (status: string) => status === 'running' || status === 'waiting'

async function soon<T>(promise: Promise<T>): Promise<T> {
  await pass(2000)
  return promise
}

function checkAnswer(request: Sent, isKind: boolean): void {
  const { by, hasHungUp, caller, refused, endedAt, at } = request
  if (by.isDead()) return
  const told = { by: by.name, at, says: request.messages.at(-1)?.text }
  expect({ ...told, hasEnded: endedAt !== null }).toEqual({ ...told, hasEnded: true })
  const tookMs = (endedAt ?? 0) - at
  expect({ ...told, tookMs, isInTime: tookMs <= TURN_LIMIT_MS + SLACK_MS }).toMatchObject({
    isInTime: true,
  })
  if (hasHungUp || refused === 'overloaded') return
  expect({ ...told, refused }).toEqual({ ...told, refused: null })
  if (!caller) throw new Error('there is no answer')
  if (isKind) {
    const broke = caller.text().includes(BUILT_IN_FALLBACK)
    expect({ ...told, tookMs, text: caller.text(), broke }).toMatchObject({ broke: false })
  }
}

function checkWorld({ happened, lies }: World): void {
  expect(lies).toEqual([])
  const keys = happened.map(({ key }) => key)
  expect(keys).toEqual([...new Set(keys)])
  for (const { tool, args } of happened) {
    if (tool !== 'release') continue
    const held = happened.filter(({ key }) => key === args.ref)
    expect(held).toMatchObject([{ tool: 'hold', outcome: 'ok' }])
  }
}

interface Bars {
  readonly fieldsOf: (record: string) => Readonly<Record<string, string>>
  readonly onBarred: (id: string) => void
}

/** No effect is claimed for a turn that was superseded before that was asked for. */
function withBars(store: SharedStore, { fieldsOf, onBarred }: Bars): SharedStore {
  return {
    ...store,
    async claim(id, options) {
      const { unless } = options
      const wasBarred = unless && unless.field in fieldsOf(unless.record)
      const answer = await store.claim(id, options)
      if (answer.state === 'claimed' && wasBarred === true) onBarred(id)
      return answer
    },
  }
}

/** Up to 2: so many microtasks; 3: a round of the event loop; more: milliseconds. */
function pauseOf(lengths: readonly number[]): () => Promise<void> {
  let count = 0
  return async () => {
    const length = lengths[count++ % lengths.length] ?? 0
    if (length > 3) await new Promise((resolve) => setTimeout(resolve, (length - 3) * 20))
    else if (length === 3) await new Promise((resolve) => setImmediate(resolve))
    else for (let hop = 0; hop < length; hop++) await Promise.resolve()
  }
}
