import { z } from 'zod'
import { createAssent } from './assent.ts'
import { toPlainWords } from './plain-words.ts'

const Phrase = z
  .string()
  .max(200)
  .refine((text) => toPlainWords(text).length > 0, 'must be a word or a phrase')

const LanguageWords = z.strictObject({
  /** One of these must be said. */
  affirm: z.array(Phrase).default([]),
  /** None of these may be said. */
  deny: z.array(Phrase).default([]),
  /** These may be said beside it. */
  neutral: z.array(Phrase).default([]),
  /** In place of the built-in lists instead of besides them. */
  replace: z.boolean().default(false),
})

const WordsByLanguage = z.record(
  z.string().regex(/^[a-z]{2,3}$/, 'must be a language code, such as de'),
  LanguageWords,
)

/** What callers say for yes and no, by language, where a tool's `commit` is `confirmed`. */
export const AssentOptions = WordsByLanguage.superRefine((options, context) => {
  const assents = createAssent(options)
  for (const [language, { affirm }] of Object.entries(options)) {
    for (const [index, answer] of affirm.entries()) {
      if (assents(answer, { readBack: '', language })) continue
      const message = 'can never say yes: something in it is a question or says no'
      context.addIssue({ code: 'custom', path: [language, 'affirm', index], message })
    }
  }
})
export type AssentOptions = z.infer<typeof WordsByLanguage>
