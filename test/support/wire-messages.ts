/** Messages and tools as they stand in a request's JSON. */
export const system = (content: string) => ({ role: 'system', content })
export const user = (content: string) => ({ role: 'user', content })
export const assistant = (content: string) => ({ role: 'assistant', content })
export const toolResult = (tool_call_id: string, content: string) => ({
  role: 'tool',
  tool_call_id,
  content,
})
export const assistantCall = (id: string, name: string, args: object = {}, content = '') => ({
  role: 'assistant',
  content: content || null,
  tool_calls: [{ id, type: 'function', function: { name, arguments: JSON.stringify(args) } }],
})
export const platformTool = (name: string) => ({
  type: 'function',
  function: { name, parameters: {} },
})
