import type { OutgoingHttpHeaders } from 'node:http'
import type { AgentFile } from './agent-file.ts'
import type { Question } from './custom-llm.ts'
import { renderPrompt } from './prompt.ts'

const USER_AGENT = 'turnstate-emulate'

/** What a request carries beside its body. */
export interface RequestHeaders {
  readonly headers: OutgoingHttpHeaders
  /** Names of those whose values no header can hold. */
  readonly leftOut: readonly string[]
}

export function toRequestHeaders(file: AgentFile, question: Question): RequestHeaders {
  const { api_key: key, request_headers: own } = file.custom_llm
  const rendered = Object.entries(own)
    .filter(([name]) => !isNeverSent(name))
    .map(([name, value]): [string, string] => [
      name.toLowerCase(),
      renderPrompt(value, question.dynamicVariables),
    ])
  const sent = rendered.filter(([, value]) => isHeaderValue(value))
  return {
    headers: {
      'user-agent': USER_AGENT,
      ...Object.fromEntries(sent),
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
    leftOut: rendered.filter(([, value]) => !isHeaderValue(value)).map(([name]) => name),
  }
}

/** The platform takes the setting and leaves the header out; only `api_key` makes one. */
export function isNeverSent(headerName: string): boolean {
  return headerName.toLowerCase() === 'authorization'
}

function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
}
