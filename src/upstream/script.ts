import { z } from 'zod'

function isPattern(source: string): boolean {
  try {
    new RegExp(source, 'i')
    return true
  } catch {
    return false
  }
}

/** A regular expression, matched anywhere in the first 2000 characters of the text whatever its case. */
const Pattern = z.string().min(1).refine(isPattern, 'must be a regular expression')

const Milliseconds = z.int().min(0).max(60_000)

/**
 * All conditions must hold. A rule that asks for no tool result is passed over while one is the
 * tail, so that an answer which calls a tool does not call it again for ever.
 */
const When = z.strictObject({
  state: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
  /** On the last user text. Without `tool_result` it must also be the last message. */
  user: Pattern.optional(),
  /** The last messages are tool results, one of them of this tool; `true`: of any. */
  tool_result: z.union([z.string().min(1), z.literal(true)]).optional(),
  /** On the content of that result. */
  result: Pattern.optional(),
  /** Whose message is the last one; `assistant` is how a silence looks, `none` an opening. */
  tail: z.enum(['user', 'assistant', 'none']).optional(),
})

const ScriptedCall = z.strictObject({
  name: z.string().min(1),
  /** Rendered like `say`, at any depth; a text goes out as it is, valid JSON or not. */
  arguments: z.union([z.record(z.string(), z.unknown()), z.string()]).default({}),
})

/**
 * `say` and `calls` may hold `{{user}}` (the last user text), `{{user.1}}` and `{{user.name}}` (groups
 * of `when.user`), `{{result}}` and `{{result.path}}` (the tool result at the tail). An argument that
 * is one placeholder and nothing else keeps the type of its value.
 */
const ScriptedAnswer = z.strictObject({
  when: When.optional(),
  /** Streamed word by word. */
  say: z.string().optional(),
  calls: z.array(ScriptedCall).default([]),
  first_token_ms: Milliseconds.default(0),
  /** Between two words; 0 gives all text at once. */
  token_ms: Milliseconds.default(0),
  /**
   * `error` fails at once, `empty` completes without text or call, `hang` never begins, `break` fails
   * after half of the words, `stall` falls silent there.
   */
  fault: z.enum(['error', 'empty', 'hang', 'break', 'stall']).optional(),
})
export type ScriptedAnswer = z.infer<typeof ScriptedAnswer>

/** What a scripted upstream answers: the first rule that matches; one without `when` always does. */
export const Script = z.array(ScriptedAnswer).min(1)
export type Script = z.infer<typeof Script>
