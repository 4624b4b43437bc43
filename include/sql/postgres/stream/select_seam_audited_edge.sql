select max(edge_date)
from seam_audited_edges
