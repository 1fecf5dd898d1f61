import { z } from 'zod'
import { SpokenText } from '../flow/definition.ts'

/** What is kept from a voice, and which marks a voice of the platform understands. */
export const SpeechOptions = z.strictObject({
  /** Markdown, URLs, emoji, code, stage directions and tool syntax. */
  strip_markdown: z.boolean().default(true),
  /** Reasoning that a model writes into its text. */
  strip_think: z.boolean().default(true),
  /** `break`: SSML `<break time="1s"/>`; `tags`: words in brackets, as in `[warmly]`. */
  allow: z.array(z.enum(['break', 'tags'])).default([]),
})
export type SpeechOptions = z.infer<typeof SpeechOptions>

/** Fixed words when nothing else worked. */
export const Fallback = SpokenText
export type Fallback = SpokenText

export const LimitOptions = z.strictObject({
  max_body_bytes: z.int().min(1024).default(4_194_304),
  max_tool_rounds: z.int().min(0).max(20).default(4),
  max_transitions_per_turn: z.int().min(1).max(50).default(3),
  max_concurrent_turns: z.int().min(1).default(2000),
  /** Calls whose platform holds a WebSocket to the server. */
  max_sockets: z.int().min(1).default(5000),
})
export type LimitOptions = z.infer<typeof LimitOptions>
