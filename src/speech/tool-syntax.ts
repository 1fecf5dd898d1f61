const SWALLOWED = new Set(
  'tool tools tool_call tool_calls tool_use tool_code tool_response tool_responses tool_result tool_results function function_call function_calls function_response function_result function_results invoke parameter parameters think thinking thought reasoning scratchpad script style code pre svg'.split(
    ' ',
  ),
)

/** Whether what stands in this element is no speech; the name may have a prefix (`x:invoke`). */
export function isSwallowedTag(name: string): boolean {
  return SWALLOWED.has(
    name
      .slice(name.lastIndexOf(':') + 1)
      .toLowerCase()
      .replaceAll('-', '_'),
  )
}

const HARMONY = ['final<|message|>']

/** What ends the text behind a token that is no speech, by the token's name. */
const ENDS: Readonly<Record<string, readonly string[]>> = {
  python_tag: ['<|eom_id|>', '<|eot_id|>'],
  start_header_id: ['<|end_header_id|>'],
  im_start: ['\n'],
  start: HARMONY,
  channel: HARMONY,
  tool_call: ['<|/tool_call|>', '<|end_tool_call|>'],
}

/** `undefined` for a token that stands alone. */
export function endsOfToken(token: string): readonly string[] | undefined {
  const name = token.slice(2, -2)
  if (/begin$/.test(name)) return [token.replace(/begin(..)$/, 'end$1')]
  return Object.hasOwn(ENDS, name) ? ENDS[name] : undefined
}
