import { allOf, ask, type Answer } from './ask.ts'
import { ANSWER_END, ANSWER_HEAD, ROLE_CHUNK, textChunk } from './chunks.ts'
import type { Findings } from './figure.ts'
import type { ModelCall } from './model.ts'
import { createRandom } from './random.ts'
import { newKey } from './request-body.ts'
import type { Stage } from './stage.ts'

const TURNS = 500
const AT_ONCE = 25
const DEATHS = 0.1
const WORD_MS = 4
const LIMIT = 0.99
/** How many words a model may say again when it goes on. */
const REPEATED_WORDS = 3

const NUMBERS = ['nought', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']

function story(index: number): readonly string[] {
  const name = Array.from(String(index), (digit) => NUMBERS[Number(digit)] ?? '').join(' ')
  return (
    `Tale ${name} is about a clerk who answered each call by the first ring, never spoke too soon, ` +
    'never said a thing twice, and was liked by everybody who ever rang.'
  )
    .split(/(?= )/)
    .filter((word) => word !== '')
}

/** Says the story; of the first tries, every tenth breaks off; asked to go on, it does in one of four ways. */
function mortalModel(random: () => number): (call: ModelCall) => void {
  const doomed = new Set<number>()
  return (call) => {
    const body = call.body.toString()
    const index = Number(/story (\d+)/.exec(body)?.[1])
    const words = story(index)
    const said = wordsSaid(body, words)
    if (said > 0) {
      speak(call, continuation(words, said, random()), Infinity)
      return
    }
    const dies = !doomed.has(index) && random() < DEATHS
    if (dies) doomed.add(index)
    speak(call, words, dies ? 1 + Math.floor(random() * (words.length - 2)) : Infinity)
  }
}

/** How much of the story the request quotes. */
function wordsSaid(body: string, words: readonly string[]): number {
  for (let count = words.length; count > 0; count--) {
    if (body.includes(words.slice(0, count).join(''))) return count
  }
  return 0
}

function continuation(words: readonly string[], said: number, choice: number): readonly string[] {
  const rest = words.slice(said)
  if (choice < 0.25) return rest
  if (choice < 0.5) return [(rest[0] ?? '').trimStart(), ...rest.slice(1)]
  if (choice < 0.75) return words.slice(Math.max(0, said - REPEATED_WORDS))
  return words
}

/** Breaks the connection off after so many words. */
function speak(call: ModelCall, words: readonly string[], untilWord: number): void {
  let at = 0
  call.send(ANSWER_HEAD + ROLE_CHUNK)
  const timer = setInterval(() => {
    const word = words[at]
    if (at >= untilWord || word === undefined) {
      clearInterval(timer)
      if (word !== undefined) call.destroy()
      call.end()
      call.send(ANSWER_END)
      return
    }
    at += 1
    call.send(textChunk(word))
  }, WORD_MS)
  call.onGone(() => clearInterval(timer))
}

interface Run {
  readonly answers: readonly Answer[]
  readonly unclean: number
  readonly exact: number
  readonly wrong: readonly string[]
}

async function run(stage: Stage, upstreams: readonly string[]): Promise<Run> {
  stage.model.play(mortalModel(createRandom(11)))
  const server = await stage.startTurnstate({ change: { upstreams } })
  const answers = await allOf(TURNS, AT_ONCE, (index) =>
    ask({ port: server.port, key: newKey(), said: `Tell me story ${index}, please.` }),
  )
  await server.stop()
  const isExact = ({ text }: Answer, index: number) => text.trim() === story(index).join('')
  const wrong = answers.flatMap((answer, index) => (isExact(answer, index) ? [] : [answer.text]))
  return {
    answers,
    unclean: answers.filter(({ isWhole }) => !isWhole).length,
    exact: answers.filter(isExact).length,
    wrong,
  }
}

/** A model that dies in the middle of every tenth answer. */
export async function dyingModel(stage: Stage): Promise<Findings> {
  const alone = await run(stage, ['first'])
  const withSecond = await run(stage, ['first', 'second'])
  const share = withSecond.exact / TURNS
  const example = withSecond.wrong[0]
  return {
    figures: [
      {
        name: `answers without a clean end when ${DEATHS * 100} % of ${TURNS} break off, one upstream`,
        measured: String(alone.unclean),
        aim: '0',
        isMet: alone.unclean === 0,
      },
      {
        name: 'the same, two upstreams',
        measured: String(withSecond.unclean),
        aim: '0',
        isMet: withSecond.unclean === 0,
      },
      {
        name: 'sentences that are complete and exact with a second upstream',
        measured: `${(share * 100).toFixed(1)} %`,
        aim: `>= ${LIMIT * 100} %`,
        isMet: share >= LIMIT,
      },
    ],
    mistakes:
      alone.unclean + withSecond.unclean > 0 ? ['dying model: an answer lacked its end'] : [],
    notes: [
      `with one upstream ${((alone.exact / TURNS) * 100).toFixed(1)} % were complete`,
      ...(example === undefined ? [] : [`an answer that is not exact: ${example}`]),
    ],
  }
}
