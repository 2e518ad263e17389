import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadPipeline } from '../../src/config/load.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { stageTypes } from '../../src/nodes/registry.ts';
import { parseStudents, readStudents, seedProblem, type Students } from '../../src/submission/students.ts';
import { temporaryFolder } from '../nodes/context.ts';

/** `ok`, or the severity and code of the diagnostic for a seed. */
function judge(students: Students | undefined, archive: string, seed: number, name = 'p'): string {
  const problem = seedProblem(students, archive, { name, seed });
  return problem === undefined ? 'ok' : `${problem.severity} ${problem.code}`;
}

/** Lines with errors in a list. */
function refusedAt(text: string): readonly (number | undefined)[] {
  try {
    parseStudents(text, 's.csv');
    return [];
  } catch (error) {
    assert.ok(error instanceof Failure);
    assert.ok(error.diagnostics.every(({ code }) => code === 'bad-setting'));
    return error.diagnostics.map(({ range }) => range?.start.line);
  }
}

test('lists are read in every format of spreadsheets', () => {
  const lists: Readonly<Record<string, string>> = {
    plain: 'file,number\njane.zip,0123456\njohn.zip,7\n',
    'semicolons of Excel': 'file;number\r\njane.zip;0123456\r\njohn.zip;7\r\n',
    'a separator that is declared': 'sep=;\r\nfile;number\r\njane.zip;0123456\r\njohn.zip;7',
    'tabs, and a mark in front': '\ufefffile\tnumber\njane.zip\t0123456\njohn.zip\t7\n',
    'another order and case, more columns': 'Name,NUMBER, File \nJane,123456,jane.zip\nJohn,7,john.zip\n',
    'names of columns with blanks': '"Student number","File name"\n"0123456","jane.zip"\n"7","john.zip"\n',
    'ends of lines of old Macs': 'file,number\rjane.zip,123456\rjohn.zip,7',
    'letters around the digits': 'file,number\njane.zip,s0123456\njohn.zip,u7x\n',
    'blanks everywhere': 'file , number\n jane.zip , 0123456 \njohn.zip, 7\n',
    'texts and points of spreadsheets': 'file,number\njane.zip,"=""0123456"""\njohn.zip,7.0\n',
    'empty rows': 'file;number\n;\njane.zip;0123456\n\n;;\njohn.zip;7\n;\n',
    'a line twice': 'file,number\njane.zip,123456\njohn.zip,7\njane.zip,0123456\n',
    'names without an extension, in folders, in capitals': 'file,number\nclass/JANE,123456\n.\\john.ZIP,7\n',
    'a comma within quotation marks':
      'file;number;name\njane.zip;0123456;"Doe, Jane"\njohn.zip;7;"Doe; John"\n',
  };
  for (const [name, text] of Object.entries(lists)) {
    const students = parseStudents(text, 's.csv');
    assert.equal(judge(students, 'x/jane.zip', 123456), 'ok', name);
    assert.equal(judge(students, 'x/Jane.ZIP', 123456), 'ok', name);
    assert.equal(judge(students, 'x/john.zip', 7), 'ok', name);
    assert.equal(judge(students, 'x/john.zip', 8), 'error assignment-seed', name);
    assert.equal(judge(students, 'x/jim.zip', 7), 'error student-unknown', name);
  }
});

test('other encodings, and names in both Unicode forms, are read', async (t) => {
  const path = join(temporaryFolder(t), 's.csv');
  const text = 'file;number\r\nMüller.zip;0123456\r\n';
  const swapped = Buffer.from(`\ufeff${text}`, 'utf16le').swap16();
  for (const bytes of [
    Buffer.from(text),
    Buffer.from(text.normalize('NFD')),
    Buffer.from(`\ufeff${text}`),
    Buffer.from(text, 'latin1'),
    Buffer.from(`\ufeff${text}`, 'utf16le'),
    swapped,
  ]) {
    writeFileSync(path, bytes);
    const students = await readStudents(path);
    for (const form of ['NFC', 'NFD'])
      assert.equal(judge(students, 'Müller.zip'.normalize(form), 123456), 'ok', bytes.toString('hex'));
  }
});

test('ambiguous lists are refused at their lines', () => {
  assert.deepEqual(refusedAt(''), [undefined]);
  assert.deepEqual(refusedAt('a,b\n1,2\n'), [undefined]);
  assert.deepEqual(refusedAt('file,number\n"a.zip,1\n'), [undefined]);
  assert.deepEqual(refusedAt('file,number\na.zip,1\nb.zip,\n,3\nc.zip,x\nd.zip,1 2\n'), [3, 4, 5, 6]);
  // Excel shortens long numbers like this.
  assert.deepEqual(refusedAt('file,number\na.zip,2.02312E+07\n'), [2]);
  assert.deepEqual(refusedAt('sep=;\nfile;number\na.zip;2,02312E+07\n'), [3]);
  assert.deepEqual(refusedAt('file,number\na.zip,1\nA.ZIP,2\n'), [3]);
});

test('without a list, the number in the name counts, but not those of a learning platform', () => {
  for (const [name, seed] of [
    ['0123456.zip', 123456],
    ['s0123456.zip', 123456],
    ['u1234567_submission.zip', 1234567],
    ['denoising-20231234.zip', 20231234],
    ['denoising-20231234 (1).zip', 20231234],
    ['denoising-20231234-2.zip', 20231234],
    ['Jane Doe_31415_assignsubmission_file_s0123456.zip', 123456],
    ['Jane Doe 0123456_31415_assignsubmission_file_work.zip', 123456],
    ['doejane_271828_161803_s0123456.zip', 123456],
    ['doejane_LATE_271828_161803_denoising-20231234-1.zip', 20231234],
    ['Exercise 1_s0123456_attempt_2026-01-31-23-59-00_work.zip', 123456],
    ['Exercise 1_jdoe_attempt_2026-01-31-23-59-00_0123456.zip', 123456],
    ['work-7.zip', 7],
    ['0.zip', 0],
    ['０１２３.zip', 123],
  ] as const) {
    assert.equal(judge(undefined, `x/${name}`, seed), 'ok', name);
    assert.equal(judge(undefined, `x/${name}`, seed + 1), 'error assignment-seed', name);
  }
  // Named as by `pack`: the number in the pipeline's name is not a student's.
  assert.equal(judge(undefined, 'hinton-2006-20231234.zip', 20231234, 'hinton-2006'), 'ok');
  assert.equal(judge(undefined, 'x/p-120231234.zip', 20231234), 'error assignment-seed');
  for (const name of ['20231234/p.zip', 'p.zip']) {
    assert.equal(judge(undefined, name, 20231234), 'error student-unknown', name);
  }
});

test('a seed with leading zeros is that number', async (t) => {
  const path = join(temporaryFolder(t), 'p.yaml');
  for (const seed of ['0123456', '00123456', '123456']) {
    writeFileSync(path, `name: p\nseed: ${seed}\nstages: { mnist: { type: dataset, source: mnist } }\n`);
    const { located } = await loadPipeline(path, { stageTypes: stageTypes(false) });
    assert.equal(located?.pipeline.seed, 123456, seed);
  }
});

test('two numbers in a name give a warning', () => {
  assert.equal(judge(undefined, 'x/jane_5_p-20231234.zip', 20231234), 'warning assignment-seed');
  assert.equal(judge(undefined, '123-456.zip', 456), 'warning assignment-seed');
  assert.equal(judge(undefined, '123-456.zip', 789), 'error assignment-seed');
});

test('a number is recognised in every spelling, and no other one is', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(),
      fc.nat(4),
      fc.stringMatching(/^[a-z]{0,3}$/),
      (number, other, zeros, letters) => {
        fc.pre(number !== other);
        const written = `${letters}${'0'.repeat(zeros)}${number}`;
        const students = parseStudents(`file;number\na.zip;${written}\n`, 's.csv');
        assert.equal(judge(students, 'a.zip', number), 'ok');
        assert.equal(judge(students, 'a.zip', other), 'error assignment-seed');
        assert.equal(judge(undefined, `${written}.zip`, number), 'ok');
      },
    ),
  );
});
