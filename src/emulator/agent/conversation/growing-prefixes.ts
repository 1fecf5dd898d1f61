/** Requests that a text causes before it is whole. */
const MAX_PREFIXES = 3

/** What a transcript that ends as `text` looks like while the user is still speaking. */
export function growingPrefixes(text: string): readonly string[] {
  const words = text.split(/\s+/).filter((word) => word !== '')
  const count = Math.min(MAX_PREFIXES, words.length - 1)
  return Array.from({ length: Math.max(0, count) }, (_, index) =>
    words.slice(0, Math.ceil((words.length * (index + 1)) / (count + 1))).join(' '),
  )
}
