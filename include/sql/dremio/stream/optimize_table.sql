optimize table {{ table }} (min_input_files = {{ min_input_files }})
