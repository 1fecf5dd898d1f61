import { setTimeout as sleep } from 'node:timers/promises'
import { allOf, ask } from './ask.ts'
import { ANSWER_HEAD, ROLE_CHUNK, textChunk } from './chunks.ts'
import type { Findings } from './figure.ts'
import { ms } from './figure.ts'
import { median } from './measure.ts'
import { newKey } from './request-body.ts'
import type { Stage } from './stage.ts'

const ALONE = 60
const WITH_KEY = 10
const LIMIT_MS = 5
/** For so long a turn goes on that another try could find. */
const GRACE_MS = 2500
const TOLERANCE_MS = 250
const PATIENCE_MS = 6000
const AFTER_FIRST_TEXT_MS = 10

/** A model that begins to speak and does not end; tells when which question's connection was gone. */
function endlessModel(stage: Stage): Map<string, number> {
  const goneAt = new Map<string, number>()
  stage.model.play(({ body, send, onGone }) => {
    const question = questionIn(body.toString())
    onGone(() => goneAt.set(question, performance.now()))
    send(ANSWER_HEAD + ROLE_CHUNK + textChunk('Well, '))
  })
  return goneAt
}

function questionIn(text: string): string {
  return /question \d+ of \w+/.exec(text)?.[0] ?? ''
}

/** Milliseconds from the caller's hang-up to the end of the model's connection; infinite if it stays. */
async function hangUp(
  goneAt: ReadonlyMap<string, number>,
  { port, key, said }: { readonly port: number; readonly key: string; readonly said: string },
): Promise<number> {
  const caller = new AbortController()
  let hungUpAt = 0
  const leave = () => {
    hungUpAt = performance.now()
    caller.abort()
  }
  const onText = () => void setTimeout(leave, AFTER_FIRST_TEXT_MS)
  await ask({ port, key, said, signal: caller.signal, onText })
  const until = performance.now() + PATIENCE_MS
  while (!goneAt.has(said) && performance.now() < until) await sleep(5)
  return (goneAt.get(said) ?? Infinity) - hungUpAt
}

/** How soon the model is let go when the caller hangs up. */
export async function hangUps(stage: Stage): Promise<Findings> {
  const goneAt = endlessModel(stage)
  const server = await stage.startTurnstate()
  const { port } = server
  const alone = await allOf(ALONE, 1, (index) =>
    hangUp(goneAt, { port, key: '', said: `question ${index} of nobody` }),
  )
  const joinable = await allOf(WITH_KEY, WITH_KEY, (index) =>
    hangUp(goneAt, { port, key: newKey(), said: `question ${index} of somebody` }),
  )
  await server.stop()
  const [least, most] = [Math.min(...joinable), Math.max(...joinable)]
  return {
    figures: [
      {
        name: `a hang-up reaches the model where no retry can join, median of ${ALONE}`,
        measured: `${ms(median(alone))} (${ms(Math.max(...alone))} at most)`,
        aim: `< ${LIMIT_MS} ms`,
        isMet: median(alone) < LIMIT_MS,
      },
      {
        name: `and after the grace where one can, ${WITH_KEY} times`,
        measured: `${ms(least)} to ${ms(most)}`,
        aim: `${GRACE_MS} ms`,
        isMet: least >= GRACE_MS - 5 && most < GRACE_MS + TOLERANCE_MS,
      },
    ],
    mistakes: [...alone, ...joinable].every(Number.isFinite)
      ? []
      : ['hang-ups: a model call went on'],
    notes: [],
  }
}
