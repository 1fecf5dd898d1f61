import type { Json } from '../rehearsal/json.ts'
import type { HeardCall } from '../rehearsal/heard-output.ts'

/** One answer of the Custom LLM server, asked for as the platform asks. */
export interface CustomLlm {
  /**
   * Posts the messages with everything else that the platform sends. An attempt without any text or
   * call within the cascade timeout, with an error or with an empty answer is made again, three times
   * in all. Rejects with `CustomLlmFailure` after the last, or with the signal's reason.
   */
  answer(question: Question, listener: AnswerListener): Promise<LlmAnswer>
}

export interface Question {
  readonly conversationId: string
  /** History, the system message included. */
  readonly messages: readonly Json[]
  /** `elevenlabs_extra_body`, if the agent lets clients send one. */
  readonly extraBody?: Json
  readonly userId?: string
  /** What `{{...}}` in the agent's request headers stands for. */
  readonly dynamicVariables: Readonly<Record<string, string | number | boolean>>
}

export interface AnswerListener {
  readonly signal: AbortSignal
  /** Text as it comes. What an attempt said that failed later stays said: nothing is tried again then. */
  onText(text: string): void
}

export interface LlmAnswer {
  readonly text: string
  readonly calls: readonly HeardCall[]
}

/** Why a conversation ends when the Custom LLM server gave no answer. */
export interface CustomLlmFailure {
  readonly type: 'custom-llm-failure'
  /** `custom_llm_error` or `llm_timeout`, as the platform's `error` event names it. */
  readonly errorType: 'custom_llm_error' | 'llm_timeout'
  readonly reason: string
}
