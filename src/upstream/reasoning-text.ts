/*
 * Some models write their reasoning into the text, between tags. Where a template has written the
 * opening tag for the model, only the closing one comes: what was given out before it stands.
 */

const NAMES: readonly string[] = ['think', 'thinking', 'reasoning', 'thought']
/** What is longer is no tag, so that a `<` in the text never holds back more than this. */
const MAX_TAG_LENGTH = 128
/** How a tag begins, up to the end of its name; each character can be only one part of it. */
const BEGINNING = /^<\s*(\/\s*)?([a-z]*)/i

interface Tag {
  readonly kind: 'opening' | 'closing' | 'empty'
  readonly name: string
  readonly length: number
}

/** Where in the text and its reasoning the deltas have come to. */
export interface ReasoningFilter {
  /** What may become a tag. */
  held: string
  /** The tag whose end is awaited. */
  openName: string
  hadTag: boolean
}

export function createReasoningFilter(): ReasoningFilter {
  return { held: '', openName: '', hadTag: false }
}

/** The delta without what stands between `<think>` tags and their like, cut anywhere. */
export function withoutReasoning(filter: ReasoningFilter, delta: string): string {
  const { held, openName } = filter
  if (held === '' && openName === '' && !delta.includes('<')) return delta
  filter.held = ''
  return scan(filter, held + delta)
}

/** The text is over: what was held back and is no tag. */
export function endOfText(filter: ReasoningFilter): string {
  const { held, openName } = filter
  filter.held = ''
  return openName !== '' || beginsTag(held) ? '' : held
}

function scan(filter: ReasoningFilter, text: string): string {
  let out = ''
  let from = 0
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', from)) {
    const tag = tagAt(text, at)
    if (filter.openName === '') out += text.slice(from, at)
    if (tag === 'cut') {
      filter.held = text.slice(at)
      return out
    }
    from = at + (tag?.length ?? 1)
    if (tag !== undefined) out = passTag(filter, tag, out)
    else if (filter.openName === '') out += '<'
  }
  return filter.openName === '' ? out + text.slice(from) : out
}

/** What stays of the text before the tag. */
function passTag(filter: ReasoningFilter, { kind, name }: Tag, before: string): string {
  if (filter.openName !== '') {
    // Only its own end: a wrong one would have reasoning spoken.
    if (kind === 'closing' && name === filter.openName) filter.openName = ''
    return before
  }
  const isEndOnly = kind === 'closing' && !filter.hadTag
  if (kind === 'opening') filter.openName = name
  filter.hadTag = true
  return isEndOnly ? '' : before
}

/** Undefined if no tag of reasoning stands there, `cut` if that is not certain yet. */
function tagAt(text: string, at: number): Tag | 'cut' | undefined {
  const near = text.slice(at, at + MAX_TAG_LENGTH)
  const end = near.indexOf('>')
  if (end === -1 && near.length === MAX_TAG_LENGTH) return undefined
  const tag = near.slice(0, end === -1 ? near.length : end + 1)
  const [beginning = '', slash, written = ''] = BEGINNING.exec(tag) ?? []
  const name = written.toLowerCase()
  const rest = tag.slice(beginning.length)
  if (rest === '') return NAMES.some((known) => known.startsWith(name)) ? 'cut' : undefined
  if (!NAMES.includes(name) || !/^[\s/>]/.test(rest) || rest.includes('<')) return undefined
  if (end === -1) return 'cut'
  const kind = slash !== undefined ? 'closing' : rest.endsWith('/>') ? 'empty' : 'opening'
  return { kind, name, length: tag.length }
}

/** Whether it names a tag that only lacks its end. */
function beginsTag(text: string): boolean {
  return NAMES.includes(BEGINNING.exec(text)?.[2]?.toLowerCase() ?? '')
}
