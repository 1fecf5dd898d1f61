import type { OutgoingHttpHeaders } from 'node:http'
import { ask } from '../ask.ts'
import { isRecord, parseJson, valueAt } from '../json.ts'
import { GREETING, systemText, user } from '../messages.ts'
import { fetchPlain } from '../plain-request.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { authorization } from '../target.ts'
import { newWord } from '../unique-word.ts'

/** What a platform sends where a server needs no key. */
const ANY_KEY = 'key-of-the-rehearsal'
const UNTRUSTED = 'a platform that looks at the URL first would refuse it'

export const ACCESS: readonly Scenario[] = [
  {
    number: 15,
    name: 'keys',
    title: 'The key as Bearer, "Bearer Bearer", header, path; none',
    play: keys,
  },
  {
    number: 16,
    name: 'url-forms',
    title: 'Every form of the URL that a platform or a user may make',
    play: urlForms,
  },
  {
    number: 16,
    name: 'plain-json',
    title: 'stream: false is answered by JSON',
    play: plainJson,
  },
  {
    number: 16,
    name: 'probes',
    title: 'HEAD of the URL, and the list of models',
    play: probes,
  },
]

interface KeyForm {
  readonly headers?: OutgoingHttpHeaders
  readonly path?: string
}

async function keys(stage: Stage): Promise<void> {
  const secret = stage.target.key ?? ANY_KEY
  const forms: Readonly<Record<string, KeyForm>> = {
    Bearer: { headers: { authorization: `Bearer ${secret}` } },
    'Bearer twice': { headers: { authorization: `Bearer Bearer ${secret}` } },
    'x-api-key': { headers: { authorization: undefined, 'x-api-key': secret } },
    'in the path': {
      headers: { authorization: undefined },
      path: `/k/${encodeURIComponent(secret)}/v1/chat/completions`,
    },
  }
  for (const [name, { headers, path }] of Object.entries(forms)) {
    // Already in the path: the URL that was given says how this server wants its key.
    if (path !== undefined && new URL(stage.target.root).pathname !== '/') continue
    const url = path === undefined ? stage.target.url : stage.target.root + path
    await askAt(stage, { url, headers })
    if (stage.isOver()) {
      stage.nameFaults(`key ${name}`)
      return
    }
  }
  if (stage.target.key !== undefined) await refusesStrangers(stage)
}

async function refusesStrangers(stage: Stage): Promise<void> {
  const body = { model: stage.target.model, messages: [user('Hello?')] }
  for (const headers of [{}, { authorization: 'Bearer not-the-key' }]) {
    if (stage.isOver()) return
    const { url } = stage.target
    stage.countRequest()
    const { status } = await fetchPlain({
      method: 'POST',
      url,
      headers,
      body,
      signal: stage.signal,
    })
    if (status === 401 || status === 403) continue
    stage.fault(
      'a request without the right key was not refused',
      'anybody could talk to the model at your cost',
    )
  }
}

const URL_PATHS = [
  '/chat/completions',
  '/v1/chat/completions',
  '/v1/v1/chat/completions',
  '/chat/completions/chat/completions',
  '/v1/chat/completions/chat/completions',
  '/v1/chat/completions/',
  '/',
]

async function urlForms(stage: Stage): Promise<void> {
  for (const path of URL_PATHS) {
    await askAt(stage, { url: stage.target.root + path })
    if (!stage.isOver()) continue
    stage.nameFaults(`POST ${path}`)
    return
  }
}

async function askAt(
  stage: Stage,
  { url, headers }: { readonly url: string; readonly headers?: OutgoingHttpHeaders | undefined },
): Promise<void> {
  const word = newWord()
  const messages = [GREETING, user(`Please say ${word}.`)]
  await ask(stage, stage.newCall(), { messages, url, headers, says: word })
}

async function plainJson(stage: Stage): Promise<void> {
  const call = stage.newCall()
  const word = newWord()
  const system = { role: 'system', content: systemText(call.id) }
  const { target, signal } = stage
  stage.countRequest()
  const { status, text } = await fetchPlain({
    method: 'POST',
    url: target.url,
    headers: authorization(target),
    body: { model: target.model, stream: false, messages: [system, user(`Please say ${word}.`)] },
    signal,
  })
  const content = valueAt(parseJson(text), ['choices', 0, 'message', 'content'])
  if (status !== 200 || typeof content !== 'string') {
    stage.fault(
      'a request without a stream was not answered by a JSON completion',
      'tools that test the server would fail',
    )
  } else if (stage.followsScript && !content.includes(word)) {
    stage.fault(
      'the JSON completion lacks the words that answer the caller',
      'tools that test the server would fail',
    )
  }
}

async function probes(stage: Stage): Promise<void> {
  const { target, signal } = stage
  const headers = authorization(target)
  stage.countRequest()
  const head = await fetchPlain({ method: 'HEAD', url: target.url, headers, signal })
  if (!isGood(head.status))
    stage.fault(`HEAD of the URL was answered ${statusText(head.status)}`, UNTRUSTED)
  for (const path of ['/v1/models', '/models']) {
    stage.countRequest()
    const answer = await fetchPlain({ method: 'GET', url: target.root + path, headers, signal })
    const body = parseJson(answer.text)
    if (isGood(answer.status) && isRecord(body) && Array.isArray(body.data)) continue
    stage.fault(
      `GET ${path} gave no list of models (${statusText(answer.status)})`,
      'set-up pages that read it would fail',
    )
  }
}

function isGood(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300
}

function statusText(status: number | null): string {
  return status === null ? 'by nothing' : `status ${status}`
}
