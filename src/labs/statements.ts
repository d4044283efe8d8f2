/** The fourteen statements that labs show, each in a sentence. */
import type { Sentence } from "../trace/words/language.js";

export const STATEMENTS: Readonly<Record<string, Sentence>> = {
  S1: {
    en: "One process can have several threads of execution.",
    ru: "В одном процессе может быть несколько потоков выполнения.",
  },
  S2: { en: "Threads share the memory of their process.", ru: "Память процесса у его потоков общая." },
  S3: { en: "Each thread has a call stack of its own.", ru: "У каждого потока свой стек вызовов." },
  S4: {
    en: "The scheduler switches between threads so fast that they seem to run in parallel.",
    ru: "Планировщик так быстро переключает потоки, что возникает иллюзия параллелизма.",
  },
  S5: {
    en: "One core or several: what makes it multithreading is that threads share the processor's time.",
    ru: "Одно ядро или несколько — не важно: суть многопоточности в том, что потоки делят ресурсы процессора.",
  },
  S6: {
    en: "A task is started, and the program does something else without waiting for it.",
    ru: "Задача запущена, а программа, не дожидаясь её, занята другим.",
  },
  S7: {
    en: "When the task is over the program is told, and handles the result.",
    ru: "Когда задача закончена, программа получает уведомление и обрабатывает результат.",
  },
  S8: {
    en: "The thread is freed for the length of an operation, not blocked; callbacks, promises or events take it up again.",
    ru: "На время операции поток не блокируется, а освобождается; дальше ведут обратные вызовы, промисы или события.",
  },
  S9: {
    en: "Asynchrony uses idle time: it is for input and output, not for computing.",
    ru: "Асинхронность использует время простоя: она для ввода-вывода, а не для вычислений.",
  },
  S10: {
    en: "One thread handles thousands of operations at once.",
    ru: "Один поток ведёт тысячи операций сразу.",
  },
  S11: {
    en: "Concurrency: tasks whose execution overlaps in time, in parallel or by switching.",
    ru: "Конкурентность: выполнение задач перекрывается во времени — параллельно или переключением контекста.",
  },
  S12: {
    en: "Concurrency is about the structure of a program.",
    ru: "Конкурентность — это о структуре программы.",
  },
  S13: {
    en: "Concurrency is that many tasks exist at once, even on a single core.",
    ru: "Конкурентность — одновременное существование многих задач, пусть даже на одном ядре.",
  },
  S14: {
    en: "Parallelism is that many tasks execute at once, on different cores.",
    ru: "Параллелизм — одновременное выполнение многих задач на разных ядрах.",
  },
};
