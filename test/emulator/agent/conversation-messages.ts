export const GREETING = { role: 'assistant', content: 'Clinic, hello!' }

export function user(content: unknown) {
  return { role: 'user', content }
}

export function assistant(content: string) {
  return { role: 'assistant', content }
}
