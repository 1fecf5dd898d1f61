const SWALLOWED = new Set(
  'tool tools tool_call tool_calls tool_use tool_code tool_response tool_responses tool_result tool_results tool_output tool_outputs execute_tool function function_call function_calls function_response function_result function_results invoke parameter parameters think thinking thought reasoning reflection scratchpad scratch_pad script style code pre svg'.split(
    ' ',
  ),
)

/** What ends the text of an element that is no speech. */
export function endsOfElement(name: string): readonly string[] | undefined {
  if (name === 'start_of_turn') return ['\n']
  if (name === 'start_function_call') return ['<end_function_call>']
  return isSwallowed(name) ? [`</${name}>`] : undefined
}

/** The name may have a prefix (`x:invoke`). */
function isSwallowed(name: string): boolean {
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
  header_start: ['<|header_end|>'],
  start_of_role: ['<|end_of_role|>'],
  START_THINKING: ['<|END_THINKING|>'],
  START_ACTION: ['<|END_ACTION|>'],
  im_start: ['\n'],
  start: HARMONY,
  channel: HARMONY,
  tool_call: ['<|/tool_call|>', '<|end_tool_call|>'],
}

/** An element whose name is marked as a token: `<｜DSML｜invoke name="x">`. */
const MARKED_ELEMENT = /^<([|｜]\w+[|｜])(\w+)/

/** `undefined` for a token that stands alone. */
export function endsOfToken(token: string): readonly string[] | undefined {
  const [, mark = '', element = ''] = MARKED_ELEMENT.exec(token) ?? []
  if (isSwallowed(element)) return [`</${mark}${element}>`]
  const name = token.slice(2, -2)
  if (/begin$/.test(name)) return [token.replace(/begin(..)$/, 'end$1')]
  return Object.hasOwn(ENDS, name) ? ENDS[name] : undefined
}
