import { valueAt } from '../flow/value-at.ts'
import { DEFAULT_KEY_SOURCES } from './options.ts'
import { CONNECTED, PLATFORM_KEY_SOURCES, PLATFORMS, type Platform } from './platforms.ts'

/** The parts of a request in which a key source may look, besides the system text. */
export interface KeyMaterial {
  readonly platform: Platform
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: Readonly<Record<string, unknown>>
  readonly extraBody: Readonly<Record<string, unknown>>
  /** What a platform's own socket tells of the call. */
  readonly call: Readonly<Record<string, unknown>>
}

export interface ConversationKey {
  readonly key: string
  /** The configured source that gave it. */
  readonly source: string
}

interface KeySource {
  readonly name: string
  readonly read: (systemText: string, material: KeyMaterial) => unknown
}

/** Bounds what a costly pattern can do to a system text of megabytes. */
const MAX_SEARCHED_CHARACTERS = 262_144
/** Longer values are no ids; they would only fill the memory and the log. */
const MAX_KEY_CHARACTERS = 256

/**
 * Prepares the configured sources once, at start: `system:<pattern>`, `header.<name>` and so on. A
 * platform's own sources come after those that somebody wrote down, and before the default ones. On a
 * connection only its own count: it is of one call, and what a caller says must not name another.
 */
export function createKeyResolver(
  sources: readonly string[],
): (systemText: string, material: KeyMaterial) => ConversationKey | null {
  const isDefault = sources.join('\n') === DEFAULT_KEY_SOURCES.join('\n')
  const prepared = new Map(
    PLATFORMS.map((platform) => {
      const own = PLATFORM_KEY_SOURCES[platform]
      const others = CONNECTED.includes(platform) ? [] : sources
      const all = isDefault ? [...own, ...others] : [...others, ...own]
      return [platform, all.map(toKeySource)]
    }),
  )
  return (systemText, material) => {
    for (const { name, read } of prepared.get(material.platform) ?? []) {
      const key = toKey(read(systemText, material))
      if (key !== null) return { key, source: name }
    }
    return null
  }
}

function toKeySource(name: string): KeySource {
  if (name.startsWith('system:')) {
    const pattern = new RegExp(name.slice('system:'.length), 'g')
    return { name, read: (systemText) => onlyMatch(pattern, systemText) }
  }
  const dot = name.indexOf('.')
  const path = name.slice(dot + 1)
  const read = READERS[name.slice(0, dot)]
  return { name, read: (_, material) => read?.(material, path) }
}

const READERS: Readonly<Record<string, (material: KeyMaterial, path: string) => unknown>> = {
  header: ({ headers }, name) => headers[name.toLowerCase()],
  query: ({ query }, name) => (Object.hasOwn(query, name) ? query[name] : undefined),
  body: ({ body }, path) => valueAt(body, path),
  extra_body: ({ extraBody }, path) => valueAt(extraBody, path),
  call: ({ call }, path) => valueAt(call, path),
}

/**
 * The pattern's first group (or the whole match), if all matches agree: a text that a client put
 * into the prompt could otherwise name another caller's conversation.
 */
function onlyMatch(pattern: RegExp, text: string): string | undefined {
  let found: string | undefined
  for (const match of text.slice(0, MAX_SEARCHED_CHARACTERS).matchAll(pattern)) {
    const value = match.length > 1 ? match[1] : match[0]
    if (value === undefined) continue
    if (found !== undefined && found !== value) return undefined
    found = value
  }
  return found
}

/** A usable key; a template that the platform left unfilled is none. */
function toKey(value: unknown): string | null {
  // Beyond that two numbers can read the same, and two callers would share a conversation.
  const text = Number.isSafeInteger(value) ? String(value) : value
  if (typeof text !== 'string') return null
  const key = text.trim()
  return key === '' || key.length > MAX_KEY_CHARACTERS || key.includes('{{') ? null : key
}
