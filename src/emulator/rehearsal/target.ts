import type { OutgoingHttpHeaders } from 'node:http'

/** The server that is rehearsed. */
export interface Target {
  /** Where the platform posts: the base URL with the suffix that it appends. */
  readonly url: string
  /** The base URL without a `/v1` at its end. */
  readonly root: string
  readonly model: string
  readonly key: string | undefined
}

const SUFFIX = /\/chat\/completions$/

/** Reads what a user would save as the agent's URL; null if it is no http URL. */
export function toTarget(
  text: string,
  { model, key }: Pick<Target, 'model' | 'key'>,
): Target | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol)) return null
  const base = `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(SUFFIX, '')
  return {
    url: `${base}/chat/completions${url.search}`,
    root: base.replace(/\/v1$/, ''),
    model,
    key,
  }
}

export function authorization({ key }: Target): OutgoingHttpHeaders {
  return key === undefined ? {} : { authorization: `Bearer ${key}` }
}

/** The URL for people to read: whatever may be a secret is left out. */
export function shownUrl({ url }: Target): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname.replace(/\/k\/[^/]+/, '/k/***')
}
