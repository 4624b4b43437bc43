optimize table {{ table }} (min_input_files = 2)
