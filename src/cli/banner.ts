import type { Config } from '../config/schema.ts'

interface BannerFacts {
  /** Where the server listens, as a URL. */
  readonly url: string
  readonly config: Config
  /** The file that was read; null for the built-in demo. */
  readonly file: string | null
  /** Processes that share the port; left out for one. */
  readonly workers?: number
}

const DEMO_WORDS = 'Hi, this is Ada Lovelace. I need an appointment.'

/** What a person wants to know after the start, with a line to paste. */
export function banner({ url, config, file, workers }: BannerFacts): string {
  const { flow, auth } = config
  const states = Object.keys(flow.states).length
  const words = file === null ? DEMO_WORDS : 'Hello!'
  const body = JSON.stringify({ stream: true, messages: [{ role: 'user', content: words }] })
  const key = auth.keys.length > 0 ? ` -H 'authorization: Bearer YOUR_KEY'` : ''
  return [
    '',
    `  turnstate listens on  ${url}`,
    `  flow                  ${flow.name} (${states} states, starts in ${flow.starting_state})${file === null ? ', built-in demo' : ''}`,
    `  upstream              ${upstreamText(config)}`,
    ...(workers === undefined ? [] : [`  workers               ${workers}`]),
    `  base URL              ${url}/v1`,
    '',
    '  try it:',
    '',
    `  curl -iN ${url}/v1/chat/completions${key} -H 'content-type: application/json' -H "x-conversation-id: try-$RANDOM" -d '${body}'`,
    '',
    '',
  ].join('\n')
}

function upstreamText({ upstreams, routing }: Config): string {
  return (routing.order ?? Object.keys(upstreams))
    .map((name) => {
      const upstream = upstreams[name]
      if (!upstream) return name
      return upstream.type === 'scripted'
        ? `${name} (scripted, no network)`
        : `${name} (${upstream.model} at ${new URL(upstream.base_url).host})`
    })
    .join(', then ')
}
