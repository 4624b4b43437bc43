{#- List a dataset's files again: new partitions appear, removed ones disappear. -#}
alter pds {{ dataset }} refresh metadata auto promotion force update delete when missing
